package eventcore

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// StreamPattern is a glob over whole stream IDs: * stands for any characters, also
// none and also /; ? for one character; [abc], [a-z] and [!a-z] for one character
// of, or not of, a class; every other character for itself. A ] that comes first
// in a class and a - at either end of one stand for themselves. The zero value
// selects every stream.
type StreamPattern struct {
	glob string
	re   *regexp.Regexp
}

// ParseStreamPattern compiles a glob, or returns an error that says where it is
// malformed.
func ParseStreamPattern(glob string) (StreamPattern, error) {
	switch {
	case strings.TrimSpace(glob) == "":
		return StreamPattern{}, fmt.Errorf("eventcore: stream pattern %q is empty; use * to match every stream", glob)
	case !utf8.ValidString(glob):
		return StreamPattern{}, fmt.Errorf("eventcore: stream pattern %q is not valid UTF-8", glob)
	}
	expr, err := globToRegexp(glob)
	if err != nil {
		return StreamPattern{}, err
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return StreamPattern{}, fmt.Errorf("eventcore: stream pattern %q: %w", glob, err)
	}
	return StreamPattern{glob: glob, re: re}, nil
}

// String returns the glob, "" for the zero value.
func (p StreamPattern) String() string { return p.glob }

// IsZero says whether the pattern selects every stream.
func (p StreamPattern) IsZero() bool { return p.re == nil }

// Match says whether the whole of id matches the pattern.
func (p StreamPattern) Match(id StreamID) bool { return p.re == nil || p.re.MatchString(id.name) }

// globToRegexp translates rather than matches by hand: regexp runs in time linear
// in the ID whatever the number of stars.
func globToRegexp(glob string) (string, error) {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i := 0; i < len(glob); {
		switch c := glob[i]; c {
		case '*':
			b.WriteString(`.*`)
			i++
		case '?':
			b.WriteString(`.`)
			i++
		case '[':
			end, err := writeClass(&b, glob, i)
			if err != nil {
				return "", err
			}
			i = end
		default:
			_, size := utf8.DecodeRuneInString(glob[i:])
			b.WriteString(regexp.QuoteMeta(glob[i : i+size]))
			i += size
		}
	}
	b.WriteString(`\z`)
	return b.String(), nil
}

// writeClass translates the class that opens at glob[start] and returns the index
// behind its closing bracket.
func writeClass(b *strings.Builder, glob string, start int) (int, error) {
	body := start + 1
	negated := body < len(glob) && glob[body] == '!'
	if negated {
		body++
	}
	// The search begins one character in, so that a leading ] is a member.
	closing := -1
	if body < len(glob) {
		closing = strings.IndexByte(glob[body+1:], ']')
	}
	if closing < 0 {
		return 0, fmt.Errorf("eventcore: stream pattern %q: the class opened at byte %d is not closed; add ]", glob, start)
	}
	end := body + 1 + closing
	b.WriteByte('[')
	if negated {
		b.WriteByte('^')
	}
	members := []rune(glob[body:end])
	for i, r := range members {
		isRange := r == '-' && i > 0 && i < len(members)-1
		if !isRange {
			b.WriteByte('\\')
			// A backslash before a letter or digit would be a regexp class.
			if r == '_' || r >= 0x80 || ('0' <= r && r <= '9') || ('a' <= r && r <= 'z') || ('A' <= r && r <= 'Z') {
				fmt.Fprintf(b, "x{%x}", r)
				continue
			}
		}
		b.WriteRune(r)
	}
	b.WriteByte(']')
	return end + 1, nil
}
