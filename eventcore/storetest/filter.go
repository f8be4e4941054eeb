package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func filterRules() []requirement {
	return []requirement{
		rule("R-ALL-18", "a prefix selects the streams whose ID begins with it, and no other",
			"A subscription to one tenant that sees another's events is a leak of data.",
			checkPrefix),
		rule("R-ALL-19", "a prefix is taken literally, in case too",
			"SQL's LIKE takes % and _ for any characters, and in some databases A for a.",
			checkPrefixLiteral),
		rule("R-ALL-20", "* ? and classes in a pattern match as StreamPattern says, over the whole ID",
			"A pattern that matches a part, or stops at a slash as a shell's does, selects other streams.",
			checkPattern),
		rule("R-ALL-21", "every other character of a pattern stands for itself",
			"Translated to LIKE or to a regular expression, characters get a meaning that nobody wrote.",
			checkPatternLiteral),
		rule("R-ALL-22", "a list of types selects the events that have one of them, exactly",
			"A projection that gets other types stops on what it cannot decode.",
			checkTypes),
		rule("R-ALL-23", "an event must satisfy every field of a filter that is set",
			"Joined by or, two conditions select more than either of them.",
			checkCombined),
		rule("R-ALL-24", "the filter applies before the limit",
			"Otherwise a page can be empty while there is more, and the consumer takes it for the end.",
			checkFilterBeforeLimit),
		rule("R-ALL-25", "a filtered read goes on from a position as an unfiltered one does",
			"Positions belong to the store's order, not to one filter; a consumer may change its filter.",
			checkFilteredResume),
	}
}

// selects appends one event to each stream and compares what each filter selects
// with what [eventcore.Filter.Match] says.
func (s *subject) selects(ctx context.Context, names []string, filters ...eventcore.Filter) error {
	for _, name := range names {
		if _, err := s.given(ctx, writes(id(name), 0, 1)); err != nil {
			return err
		}
	}
	for _, f := range filters {
		if err := s.selectsMatching(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *subject) selectsMatching(ctx context.Context, f eventcore.Filter) error {
	want, err := s.everything(ctx)
	if err != nil {
		return err
	}
	want = slices.DeleteFunc(want, func(e eventcore.Recorded) bool { return !f.Match(e.Stream, e.Type) })
	got, err := s.readAll(ctx, f, eventcore.Position{}, 0)
	return errors.Join(err, sameEvents(fmt.Sprintf("prefix %q, pattern %q, types %q", f.Prefix, f.Pattern, f.Types), got, want))
}

func prefixes(names ...string) ([]eventcore.Filter, error) {
	var filters []eventcore.Filter
	for _, name := range names {
		p, err := eventcore.ParseStreamPrefix(name)
		if err != nil {
			return nil, err
		}
		filters = append(filters, eventcore.Filter{Prefix: p})
	}
	return filters, nil
}

func patterns(globs ...string) ([]eventcore.Filter, error) {
	var filters []eventcore.Filter
	for _, glob := range globs {
		p, err := eventcore.ParseStreamPattern(glob)
		if err != nil {
			return nil, err
		}
		filters = append(filters, eventcore.Filter{Pattern: p})
	}
	return filters, nil
}

func checkPrefix(ctx context.Context, s *subject) error {
	filters, err := prefixes("account", "account-1", "account-1/", "ccount", "1", "z", "größ", "x")
	if err != nil {
		return err
	}
	return s.selects(ctx, []string{"account-1", "account-10", "account-1/a", "my-account-1", "account", "größe", "z", "1"}, filters...)
}

func checkPrefixLiteral(ctx context.Context, s *subject) error {
	filters, err := prefixes("a_", "a%", "A", "a", "%", "_", `a\`, "a.", "a'", "É", "^a", "(a", "a$")
	if err != nil {
		return err
	}
	return s.selects(ctx, []string{"a_1", "ab1", "a%1", "a%%", "A1", "a1", `a\1`, "a.1", "a'1", "É1", "é1", "%a", "_a", "^a", "(a)", "a$"}, filters...)
}

func checkPattern(ctx context.Context, s *subject) error {
	filters, err := patterns("*", "a*", "*a", "*a*", "a?c", "?", "??", "a*c", "a/*", "*/c", "a[bx]c", "a[!b]c", "a[a-c]c", "[a-c]*", "abc", "a[]x]c", "a[b-]c", "a[!a-c]c", "**", "*?")
	if err != nil {
		return err
	}
	return s.selects(ctx, []string{"a", "abc", "axc", "aéc", "a😀c", "ac", "a/b/c", "ba", "bab", "c", "xabc", "abcx", "ABC", "a-c", "a\nc", "é", "dd"}, filters...)
}

func checkPatternLiteral(ctx context.Context, s *subject) error {
	filters, err := patterns("a.c", "a_c", "a%c", "a+", "(a|b)", "a{2}", "^a", "a$", `a\*`, `a\c`, "a'c", "*%*", "*_*", "*.*", "[%]*", "[_.]*", `[\d]*`, "[^a]*", "A*")
	if err != nil {
		return err
	}
	return s.selects(ctx, []string{
		"a.c", "abc", "a_c", "a%c", "aa", "a+", "a", "(a|b)", "b", "a{2}", "^a", "a$", `a\b`, `a\c`, "a'c", "%", "_", "d", "7", `\x`, "A",
	}, filters...)
}
