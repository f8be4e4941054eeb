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
		rule("R-ALL-21", "a prefix selects the streams whose ID begins with it, and no other",
			"A subscription to one tenant that sees another's events is a leak of data.",
			checkPrefix),
		rule("R-ALL-22", "a prefix is taken literally, in case too",
			"SQL's LIKE takes % and _ for any characters, and in some databases A for a.",
			checkPrefixLiteral),
		rule("R-ALL-23", "* ? and classes in a pattern match as StreamPattern says, over the whole ID",
			"A pattern that matches a part, or stops at a slash as a shell's does, selects other streams.",
			checkPattern),
		rule("R-ALL-24", "every other character of a pattern stands for itself",
			"Translated to LIKE or to a regular expression, characters get a meaning that nobody wrote.",
			checkPatternLiteral),
		rule("R-ALL-25", "a list of types selects the events that have one of them, exactly",
			"A projection that gets other types stops on what it cannot decode.",
			checkTypes),
		rule("R-ALL-26", "an event must satisfy every field of a filter that is set",
			"Joined by or, two conditions select more than either of them.",
			checkCombined),
		rule("R-ALL-27", "the filter applies before the limit",
			"Otherwise a page can be empty while there is more, and the consumer takes it for the end.",
			checkFilterBeforeLimit),
		rule("R-ALL-28", "a filtered read goes on from a position as an unfiltered one does",
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

// typed appends one event of each type to each of two streams.
func (s *subject) typed(ctx context.Context, types ...string) error {
	for n, name := range types {
		for _, stream := range []string{"x-1", "y-1"} {
			w, err := s.batch(reads(id(stream), eventcore.Version(n)))
			e := s.event(`{}`)
			e.Type = name
			if err = errors.Join(err, w.Append(id(stream), e)); err != nil {
				return err
			}
			if _, err := s.store.Append(ctx, w); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkTypes(ctx context.Context, s *subject) error {
	if err := s.typed(ctx, "opened", "Opened", "opened.v2", "closed", "open%", "größe"); err != nil {
		return err
	}
	for _, types := range [][]string{
		{"opened"}, {"closed", "opened"}, {"Opened", "Opened"}, {"open%"}, {"missing"}, {"missing", "größe"}, {"open"}, {""}, nil,
	} {
		if err := s.selectsMatching(ctx, eventcore.Filter{Types: types}); err != nil {
			return err
		}
	}
	return nil
}

// narrow returns filters with more than one field set.
func narrow() ([]eventcore.Filter, error) {
	prefix, err := prefixes("x", "x", "y", "x")
	pattern, err2 := patterns("*1", "y*", "*1", "*1")
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	for i := range prefix {
		prefix[i].Pattern = pattern[i].Pattern
	}
	prefix[2].Types = []string{"opened"}
	prefix[3].Types = []string{"missing"}
	return append(prefix,
		eventcore.Filter{Prefix: prefix[0].Prefix, Types: []string{"closed"}},
		eventcore.Filter{Pattern: pattern[1].Pattern, Types: []string{"closed", "opened"}}), nil
}

func checkCombined(ctx context.Context, s *subject) error {
	filters, err := narrow()
	if err != nil {
		return err
	}
	if err := s.typed(ctx, "opened", "closed", "moved"); err != nil {
		return err
	}
	return s.selects(ctx, []string{"x-2", "y-2"}, filters...)
}

// rare appends 400 events of which every 80th belongs to a stream that begins with
// rare, and returns the filter for these.
func (s *subject) rare(ctx context.Context) (eventcore.Filter, error) {
	filters, err := prefixes("rare")
	if err != nil {
		return eventcore.Filter{}, err
	}
	for n := range eventcore.Version(5) {
		if _, err := s.given(ctx, writes(id("common"), n*79, 79), writes(id("rare-1"), n, 1)); err != nil {
			return eventcore.Filter{}, err
		}
	}
	return filters[0], nil
}

func checkFilterBeforeLimit(ctx context.Context, s *subject) error {
	f, err := s.rare(ctx)
	if err != nil {
		return err
	}
	for _, limit := range []int{1, 3, 5, 6} {
		got, err := s.readAll(ctx, f, eventcore.Position{}, limit)
		if err != nil {
			return err
		}
		if want := min(limit, 5); len(got) != want {
			return fmt.Errorf("5 of 400 events match, limit %d: got %s, want %d", limit, list(got), want)
		}
	}
	return nil
}

func checkFilteredResume(ctx context.Context, s *subject) error {
	f, err := s.rare(ctx)
	if err != nil {
		return err
	}
	all, err := s.everything(ctx)
	if err != nil {
		return err
	}
	for i := 0; i < len(all); i += 13 {
		want := slices.DeleteFunc(slices.Clone(all[i+1:]), func(e eventcore.Recorded) bool { return !f.Match(e.Stream, e.Type) })
		got, err := s.readAll(ctx, f, all[i].Position, 0)
		if err = errors.Join(err, sameEvents(fmt.Sprintf("filtered, after the position of event %d of %d, %s", i+1, len(all), list(all[i:i+1])), got, want)); err != nil {
			return err
		}
	}
	return nil
}
