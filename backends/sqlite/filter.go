package sqlite

import (
	sqldriver "database/sql/driver"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// condition is what SQL tests of a filter: never more than the filter, so that no
// event is lost, and most often the same. What passes is tested by the filter itself.
type condition struct {
	// all: every event is wanted.
	all bool
	// where begins with " AND", or is empty.
	where string
	args  []sqldriver.Value
	// inRange and of say which streams the index finds without a search: a part of
	// where. inRange is empty where that would be all of them.
	inRange string
	of      []sqldriver.Value
}

const (
	// mostTypes is the number of types up to which SQL compares them.
	mostTypes = 64
	// longestGlob keeps clear of SQLite's limit for patterns, 50,000 bytes.
	longestGlob = 10_000
)

func newCondition(f eventcore.Filter) condition {
	c := condition{all: f.IsZero()}
	prefix := f.Prefix.String()
	if literal, _ := splitGlob(f.Pattern.String()); strings.HasPrefix(literal, prefix) {
		prefix = literal
	}
	if prefix != "" {
		// LIKE would take % and _ for wildcards and finds no index. No byte of UTF-8 is as
		// large as FF.
		c.inRange = " AND stream_id >= ? AND stream_id < ?"
		c.of = []sqldriver.Value{prefix, prefix + "\xff"}
		c.where, c.args = c.inRange, slices.Clone(c.of)
	}
	if glob, needed := globFor(f.Pattern); needed {
		c.where += " AND stream_id GLOB ?"
		c.args = append(c.args, glob)
	}
	if types := f.Types; len(types) > 0 && len(types) <= mostTypes {
		n := paddedTypes(len(types))
		c.where += " AND type IN (?" + strings.Repeat(", ?", n-1) + ")"
		for i := range n {
			c.args = append(c.args, types[min(i, len(types)-1)])
		}
	}
	return c
}

// paddedTypes rounds up to a power of two: each number makes a statement of its own,
// which is kept.
func paddedTypes(n int) int {
	padded := 1
	for padded < n {
		padded *= 2
	}
	return padded
}

// splitGlob splits a pattern before its first special character.
func splitGlob(glob string) (literal, rest string) {
	if i := strings.IndexAny(glob, "*?["); i >= 0 {
		return glob[:i], glob[i:]
	}
	return glob, ""
}

// globFor returns a pattern for SQLite's GLOB that matches every stream that p does,
// and says whether it tells more than the range of what begins like p. GLOB
// differs from our patterns in classes alone, which it negates with ^ and reads less
// strictly; a class becomes ?, any one character.
func globFor(p eventcore.StreamPattern) (glob string, needed bool) {
	literal, rest := splitGlob(p.String())
	if p.IsZero() || rest == "*" || len(p.String()) > longestGlob {
		return "", false
	}
	var b strings.Builder
	b.WriteString(literal)
	for rest != "" {
		if rest[0] == '[' {
			b.WriteByte('?')
			rest = rest[classLength(rest):]
			continue
		}
		b.WriteByte(rest[0])
		rest = rest[1:]
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
