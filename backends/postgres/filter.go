package postgres

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const (
	// firstArgument is the number of the first argument of a condition.
	firstArgument = 4
	// mostStars keeps LIKE from trying too many ways to match.
	mostStars = 4
)

// condition returns what the server can test of a filter, with its arguments. It lets
// through all that the filter selects, and perhaps more.
func condition(f eventcore.Filter) (where string, args []any) {
	var b strings.Builder
	add := func(before string, arg any, after string) {
		b.WriteString(" AND " + before + "$" + strconv.Itoa(firstArgument+len(args)) + after)
		args = append(args, arg)
	}
	prefix := f.Prefix.String()
	if literal, _ := splitGlob(f.Pattern.String()); isText(literal) && strings.HasPrefix(literal, prefix) {
		prefix = literal
	}
	if prefix != "" {
		add("stream_id >= ", prefix, "")
		if end := following(prefix); end != "" {
			add("stream_id < ", end, "")
		}
	}
	if like, needed := likeFor(f.Pattern); needed {
		add("stream_id LIKE ", like, "")
	}
	if len(f.Types) > 0 {
		// An event never has a type that is not text.
		types := slices.DeleteFunc(slices.Clone(f.Types), func(t string) bool { return !isText(t) })
		add("type = ANY (", types, ")")
	}
	return b.String(), args
}

// isText says whether PostgreSQL can hold s.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// following returns the least text that is greater than all that begin with the prefix,
// in the order of the bytes of UTF-8, which is that of the characters; "" if there is none.
func following(prefix string) string {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		const beforeSurrogates, afterSurrogates = 0xD7FF, 0xE000
		switch {
		case last == beforeSurrogates:
			return prefix + string(rune(afterSurrogates))
		case last < utf8.MaxRune:
			return prefix + string(last+1)
		}
	}
	return ""
}

// splitGlob splits a pattern before its first special character.
func splitGlob(glob string) (literal, rest string) {
	if i := strings.IndexAny(glob, "*?["); i >= 0 {
		return glob[:i], glob[i:]
	}
	return glob, ""
}

// likeFor returns a pattern for LIKE that matches every stream that p does, and says
// whether it tells more than the range of what begins like p. LIKE has no classes; one
// becomes _, any one character.
func likeFor(p eventcore.StreamPattern) (like string, needed bool) {
	_, rest := splitGlob(p.String())
	if p.IsZero() || rest == "*" || !isText(p.String()) || strings.Count(rest, "*") > mostStars {
		return "", false
	}
	var b strings.Builder
	for rest := p.String(); rest != ""; {
		size := 1
		switch rest[0] {
		case '*':
			b.WriteByte('%')
		case '?':
			b.WriteByte('_')
		case '[':
			b.WriteByte('_')
			size = classLength(rest)
		case '%', '_', '\\':
			b.WriteString(`\` + rest[:1])
		default:
			b.WriteByte(rest[0])
		}
		rest = rest[size:]
	}
	return b.String(), true
}

// classLength returns the number of bytes of the class that s begins with. A ] that
// comes first does not close it.
func classLength(s string) int {
	body := 1
	if s[body] == '!' {
		body++
	}
	return body + 1 + strings.IndexByte(s[body+1:], ']') + 1
}
