package eventcore_test

import (
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestPatternMatchesWholeIDs(t *testing.T) {
	for _, tc := range []struct {
		glob, id string
		want     bool
	}{
		{"*", "a/b/c", true},
		{"a*", "a", true},
		{"a*c", "a/b/c", true},
		{"a", "ab", false},
		{"b", "ab", false},
		{"a?c", "abc", true},
		{"a?c", "a/c", true},
		{"a?c", "aéc", true},
		{"a?c", "ac", false},
		{"[ab]", "b", true},
		{"[ab]", "c", false},
		{"[a-c]x", "bx", true},
		{"[a-c]x", "dx", false},
		{"[!a-c]x", "dx", true},
		{"[!a-c]x", "bx", false},
		{"[^a]", "^", true},
		{"[^a]", "b", false},
		{"[a-]", "-", true},
		{"[-a]", "-", true},
		{"[a-]", "b", false},
		{"[a!]", "!", true},
		{"[]a]", "a", true},
		{"[!]]", "a", true},
		{"[α-ω]", "λ", true},
		{`[\d]`, "5", false},
		{`[\d]`, "d", true},
		{`[\d]`, `\`, true},
		{"a.c", "abc", false},
		{"(a|b)", "a", false},
		{"(a|b)", "(a|b)", true},
		{"a\nb*", "a\nbc", true},
		{"*b", "a\nb", true},
		{"A", "a", false},
	} {
		require.Equal(t, tc.want, parsePattern(t, tc.glob).Match(eventcore.MustStreamID(tc.id)), "%q %q", tc.glob, tc.id)
	}
}

func TestPatternErrorsSayWhatIsWrong(t *testing.T) {
	for _, tc := range []struct{ glob, err string }{
		{"", "use * to match every stream"},
		{"  ", "use * to match every stream"},
		{"a\xff", "not valid UTF-8"},
		{"ab[c", "opened at byte 2 is not closed"},
		{"[]", "opened at byte 0 is not closed"},
		{"[!]", "opened at byte 0 is not closed"},
		{"[z-a]", "invalid character class range"},
	} {
		p, err := eventcore.ParseStreamPattern(tc.glob)
		require.ErrorContains(t, err, tc.err, "%q", tc.glob)
		require.True(t, p.IsZero())
	}
}

func TestZeroPatternSelectsEverything(t *testing.T) {
	var p eventcore.StreamPattern
	require.True(t, p.IsZero())
	require.Empty(t, p.String())
	require.True(t, p.Match(eventcore.MustStreamID("a")))
	p = parsePattern(t, "a*")
	require.False(t, p.IsZero())
	require.Equal(t, "a*", p.String())
}

func TestPatternAgreesWithASlowMatcher(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		glob, id := globs().Draw(t, "glob"), patternIDs().Draw(t, "id")
		checkPattern(t, glob, id)
	})
}

// TestSlowMatcherFindsAWrongOne plants path.Match, whose star stops at a slash and
// whose classes negate with ^, to show that the comparison can fail.
func TestSlowMatcherFindsAWrongOne(t *testing.T) {
	differences := 0
	for seed := range 500 {
		glob, id := globs().Example(seed), patternIDs().Example(seed)
		tokens, legal := slowParse([]rune(glob))
		planted, err := path.Match(glob, id)
		if legal && err == nil && planted != slowMatch(tokens, []rune(id)) {
			differences++
		}
	}
	require.Positive(t, differences)
}

func FuzzStreamPattern(f *testing.F) {
	for _, seed := range [][2]string{
		{"*", "a"}, {"a?[!b-d]*", "a/cé"}, {"[]-]", "-"}, {"[a-b--z]", "-"}, {"[--]", "-"}, {"[z-a]", "q"}, {"a[", "a"}, {"\xff", "a"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, glob, id string) {
		if strings.Count(glob, "*") > 4 || len(id) > 60 {
			t.Skip("the slow matcher is too slow for it")
		}
		if _, err := eventcore.ParseStreamID(id); err != nil {
			id = "a"
		}
		checkPattern(t, glob, id)
	})
}

func parsePattern(t require.TestingT, glob string) eventcore.StreamPattern {
	p, err := eventcore.ParseStreamPattern(glob)
	require.NoError(t, err, "%q", glob)
	return p
}

// globs draws from few characters, so that patterns often match.
func globs() *rapid.Generator[string] {
	return rapid.StringOfN(rapid.RuneFrom([]rune("aabc-]^!**?[[é/")), 1, 9, -1)
}

func patternIDs() *rapid.Generator[string] {
	return rapid.StringOfN(rapid.RuneFrom([]rune("aabc-^!é/")), 1, 6, -1)
}

// checkPattern compares a pattern with the slow matcher: on what is legal, and on
// whether it matches.
func checkPattern(t require.TestingT, glob, id string) {
	p, err := eventcore.ParseStreamPattern(glob)
	tokens, legal := slowParse([]rune(glob))
	legal = legal && utf8.ValidString(glob) && strings.TrimSpace(glob) != ""
	require.Equal(t, legal, err == nil, "%q: %v", glob, err)
	if legal {
		parsed := eventcore.MustStreamID(id)
		require.Equal(t, slowMatch(tokens, []rune(parsed.String())), p.Match(parsed), "%q %q", glob, id)
	}
}

// slowToken is a star or the set of characters that may stand in one place.
type slowToken struct {
	star     bool
	contains func(rune) bool
}

// slowParse is the glob language a second time, by hand and rune by rune.
func slowParse(glob []rune) (tokens []slowToken, legal bool) {
	for len(glob) > 0 {
		c := glob[0]
		glob = glob[1:]
		switch c {
		case '*':
			tokens = append(tokens, slowToken{star: true})
		case '?':
			tokens = append(tokens, slowToken{contains: func(rune) bool { return true }})
		case '[':
			var class slowToken
			if class, glob, legal = slowClass(glob); !legal {
				return nil, false
			}
			tokens = append(tokens, class)
		default:
			tokens = append(tokens, slowToken{contains: func(r rune) bool { return r == c }})
		}
	}
	return tokens, true
}

// slowClass parses a class behind its opening bracket and returns what follows it.
func slowClass(glob []rune) (class slowToken, rest []rune, legal bool) {
	negated := len(glob) > 0 && glob[0] == '!'
	if negated {
		glob = glob[1:]
	}
	var members []rune
	for len(glob) > 0 && (glob[0] != ']' || len(members) == 0) {
		members, glob = append(members, glob[0]), glob[1:]
	}
	if len(glob) == 0 {
		return class, nil, false
	}
	var ranges [][2]rune
	for len(members) > 0 {
		low, high, used := members[0], members[0], 1
		if len(members) > 2 && members[1] == '-' {
			high, used = members[2], 3
		}
		if low > high {
			return class, nil, false
		}
		ranges, members = append(ranges, [2]rune{low, high}), members[used:]
	}
	class.contains = func(r rune) bool {
		for _, bounds := range ranges {
			if bounds[0] <= r && r <= bounds[1] {
				return !negated
			}
		}
		return negated
	}
	return class, glob[1:], true
}

func slowMatch(tokens []slowToken, id []rune) bool {
	switch {
	case len(tokens) == 0:
		return len(id) == 0
	case tokens[0].star:
		return slowMatch(tokens[1:], id) || (len(id) > 0 && slowMatch(tokens, id[1:]))
	default:
		return len(id) > 0 && tokens[0].contains(id[0]) && slowMatch(tokens[1:], id[1:])
	}
}
