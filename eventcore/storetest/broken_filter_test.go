package storetest_test

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// matching replaces the filter of ReadAll.
func matching(match func(f eventcore.Filter, e *eventcore.Recorded) bool) func(*hooked) {
	return onReadAll(func(ctx context.Context, f eventcore.Filter, after eventcore.Position, _ int, inner readAllFunc) seq {
		return each(inner(ctx, eventcore.Filter{}, after, 0), func(e *eventcore.Recorded) bool { return match(f, e) })
	})
}

// prefixed replaces the match of the prefix, where there is one.
func prefixed(match func(name, prefix string) bool) func(*hooked) {
	return matching(func(f eventcore.Filter, e *eventcore.Recorded) bool {
		return f.Prefix.IsZero() || match(e.Stream.String(), f.Prefix.String())
	})
}

// patterned replaces the match of the pattern, where there is one.
func patterned(match func(name, glob string) bool) func(*hooked) {
	return matching(func(f eventcore.Filter, e *eventcore.Recorded) bool {
		return f.Pattern.IsZero() || match(e.Stream.String(), f.Pattern.String())
	})
}

// like says whether text matches a pattern as SQL's LIKE has it.
func like(text, pattern string) bool {
	expr := strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile(`(?s)\A` + expr + `\z`).MatchString(text)
}

func brokenFilters() []broken {
	return []broken{
		{"looks for the prefix anywhere", []string{"R-ALL-18"}, prefixed(strings.Contains)},
		{"takes the prefix for the whole ID", []string{"R-ALL-18"}, prefixed(func(name, prefix string) bool { return name == prefix })},
		{"looks for the prefix with LIKE", []string{"R-ALL-19"}, prefixed(func(name, prefix string) bool { return like(name, prefix+"%") })},
		{"looks for the prefix up to the next character", []string{"R-ALL-31"}, prefixed(func(name, prefix string) bool {
			last, size := utf8.DecodeLastRuneInString(prefix)
			return name >= prefix && name < prefix[:len(prefix)-size]+string(last+1)
		})},
		{"folds the case of the prefix", []string{"R-ALL-19"}, prefixed(func(name, prefix string) bool {
			return strings.HasPrefix(strings.ToLower(name), strings.ToLower(prefix))
		})},
		{"stops at a slash", []string{"R-ALL-20"}, patterned(func(name, glob string) bool {
			found, err := path.Match(strings.ReplaceAll(glob, "[!", "[^"), name)
			return err == nil && found
		})},
		{"looks for the pattern anywhere", []string{"R-ALL-20"}, patterned(func(name, glob string) bool {
			p, err := eventcore.ParseStreamPattern("*" + glob + "*")
			return err == nil && p.Match(eventcore.MustStreamID(name))
		})},
		{"looks for the pattern with LIKE", []string{"R-ALL-21"}, patterned(func(name, glob string) bool {
			return like(name, strings.NewReplacer("*", "%", "?", "_").Replace(glob))
		})},
		{"folds the case of types to select", []string{"R-ALL-22"}, matching(func(f eventcore.Filter, e *eventcore.Recorded) bool {
			return len(f.Types) == 0 || slices.ContainsFunc(f.Types, func(name string) bool { return strings.EqualFold(name, e.Type) })
		})},
		{"selects the first type only", []string{"R-ALL-22"}, matching(func(f eventcore.Filter, e *eventcore.Recorded) bool {
			return len(f.Types) == 0 || f.Types[0] == e.Type
		})},
		{"joins conditions by or", []string{"R-ALL-23"}, matching(func(f eventcore.Filter, e *eventcore.Recorded) bool {
			none := f.Prefix.IsZero() && f.Pattern.IsZero() && len(f.Types) == 0
			return none || !f.Prefix.IsZero() && f.Prefix.Match(e.Stream) || !f.Pattern.IsZero() && f.Pattern.Match(e.Stream) || slices.Contains(f.Types, e.Type)
		})},
		{
			"applies the limit before the filter",
			[]string{"R-ALL-24"},
			onReadAll(func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int, inner readAllFunc) seq {
				return each(inner(ctx, eventcore.Filter{}, after, limit), func(e *eventcore.Recorded) bool { return f.Match(e.Stream, e.Type) })
			}),
		},
		{
			"forgets the position when there is a filter",
			[]string{"R-ALL-25"},
			onReadAll(func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int, inner readAllFunc) seq {
				if !f.Prefix.IsZero() {
					after = eventcore.Position{}
				}
				return inner(ctx, f, after, limit)
			}),
		},
	}
}
