package sqlstep

import (
	"slices"
	"strings"
)

// statement is what is to be known of a statement before it is carried out.
type statement struct {
	// name stands in traces.
	name string
	kind kind
	// script: it is several statements, perhaps.
	script bool
	// timeout: it is about the busy timeout.
	timeout bool
}

// kind is what a statement does to the transaction of its connection.
type kind uint8

const (
	// nothing is what preparing does.
	nothing kind = iota
	begin
	commit
	rollback
	other
)

// parsed looks at the text of a statement.
func parsed(text string) statement {
	s := statement{name: named(text), kind: other}
	s.script = isScript(text)
	s.timeout = strings.Contains(text, "busy_timeout") || strings.Contains(text, "BUSY_TIMEOUT")
	words := uncommented(text)
	first, rest := words, ""
	if end := strings.IndexAny(words, " \t\r\n;"); end >= 0 {
		first, rest = words[:end], words[end:]
	}
	switch {
	case strings.EqualFold(first, "begin"):
		s.kind = begin
	case strings.EqualFold(first, "commit"), strings.EqualFold(first, "end"):
		s.kind = commit
	case strings.EqualFold(first, "rollback") && !slices.Contains(strings.Fields(strings.ToLower(rest)), "to"):
		s.kind = rollback // of all, not to a savepoint
	}
	return s
}

// uncommented returns a text without the comments and spaces that it begins with.
func uncommented(text string) string {
	for {
		text = strings.TrimSpace(text)
		var end string
		switch {
		case strings.HasPrefix(text, "--"):
			end = "\n"
		case strings.HasPrefix(text, "/*"):
			end = "*/"
		default:
			return text
		}
		_, text, _ = strings.Cut(text, end)
	}
}

// isScript says whether something follows a semicolon, as it does within triggers.
func isScript(text string) bool {
	ended := false
	for text != "" {
		skip, isToken := token(text)
		if isToken && ended {
			return true
		}
		ended = ended || text[0] == ';'
		text = text[skip:]
	}
	return false
}

// token returns the length of what a text begins with: a comment, something in quotes, or
// a byte; and whether it is a part of a statement.
func token(text string) (length int, is bool) {
	to := func(begin, end string) int {
		if i := strings.Index(text[len(begin):], end); i >= 0 {
			return len(begin) + i + len(end)
		}
		return len(text)
	}
	switch {
	case strings.HasPrefix(text, "--"):
		return to("--", "\n"), false
	case strings.HasPrefix(text, "/*"):
		return to("/*", "*/"), false
	case strings.ContainsRune("'\"`", rune(text[0])):
		return to(text[:1], text[:1]), true
	case text[0] == '[':
		return to("[", "]"), true
	default:
		return 1, !strings.ContainsRune("; \t\r\n\f", rune(text[0]))
	}
}
