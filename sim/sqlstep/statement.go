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
	words := strings.TrimRight(uncommented(text), "; \t\r\n")
	s.script = strings.Contains(words, ";")
	s.timeout = strings.Contains(text, "busy_timeout") || strings.Contains(text, "BUSY_TIMEOUT")
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
