package eventcore_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestStreamIDsFollowTheirRules(t *testing.T) {
	for _, tc := range []struct {
		name, in, want, err string
	}{
		{name: "plain", in: "account-1", want: "account-1"},
		{name: "trimmed", in: "\t account-1 \n", want: "account-1"},
		{name: "trimmed of unicode space", in: "\u2003a\u00a0", want: "a"},
		{name: "white space inside", in: "a b", want: "a b"},
		{name: "like characters", in: "50%_off", want: "50%_off"},
		{name: "255 characters", in: strings.Repeat("é", 255), want: strings.Repeat("é", 255)},
		{name: "255 characters once trimmed", in: " " + strings.Repeat("a", 255) + " ", want: strings.Repeat("a", 255)},
		{name: "256 characters", in: strings.Repeat("é", 256), err: "has 256 characters; at most 255"},
		{name: "empty", in: "", err: "is empty"},
		{name: "blank", in: " \t", err: "is empty"},
		{name: "star", in: "a*", err: `contains '*'`},
		{name: "question mark", in: "a?", err: `contains '?'`},
		{name: "opening bracket", in: "[a", err: `contains '['`},
		{name: "closing bracket", in: "a]", err: `contains ']'`},
		{name: "NUL", in: "a\x00b", err: `contains '\x00'`},
		{name: "not UTF-8", in: "a\xff", err: "not valid UTF-8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			id, err := eventcore.ParseStreamID(tc.in)
			prefix, prefixErr := eventcore.ParseStreamPrefix(tc.in)
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				require.ErrorContains(t, prefixErr, tc.err)
				require.True(t, id.IsZero())
				require.True(t, prefix.IsZero())
				require.Panics(t, func() { eventcore.MustStreamID(tc.in) })
				return
			}
			require.NoError(t, err)
			require.NoError(t, prefixErr)
			require.Equal(t, tc.want, id.String())
			require.Equal(t, tc.want, prefix.String())
			require.Equal(t, id, eventcore.MustStreamID(tc.in))
			require.False(t, id.IsZero())
		})
	}
}

func TestStreamIDsTravelAsText(t *testing.T) {
	var decoded struct{ ID eventcore.StreamID }
	require.NoError(t, json.Unmarshal([]byte(`{"ID":" a/b "}`), &decoded))
	require.Equal(t, eventcore.MustStreamID("a/b"), decoded.ID)
	encoded, err := json.Marshal(decoded)
	require.NoError(t, err)
	require.JSONEq(t, `{"ID":"a/b"}`, string(encoded))

	require.Error(t, json.Unmarshal([]byte(`{"ID":"a*"}`), &decoded))
	require.Equal(t, eventcore.MustStreamID("a/b"), decoded.ID, "an error must leave the ID alone")
}

func TestPrefixMatchesLiterally(t *testing.T) {
	for _, tc := range []struct {
		prefix, id string
		want       bool
	}{
		{"a", "a", true},
		{"a", "abc", true},
		{"a", "ba", false},
		{"ab", "a", false},
		{"a_", "ab", false},
		{"a_", "a_b", true},
		{"50%", "50% off", true},
		{"50%", "500", false},
		{"é", "éa", true},
		{"", "anything", true},
	} {
		var prefix eventcore.StreamPrefix
		if tc.prefix != "" {
			var err error
			prefix, err = eventcore.ParseStreamPrefix(tc.prefix)
			require.NoError(t, err)
		}
		require.Equal(t, tc.want, prefix.Match(eventcore.MustStreamID(tc.id)), "%q %q", tc.prefix, tc.id)
	}
}

// checkStreamID holds a parsed ID to the rules as they are written down.
func checkStreamID(t require.TestingT, in string) {
	id, err := eventcore.ParseStreamID(in)
	trimmed := strings.TrimFunc(in, unicode.IsSpace)
	legal := trimmed != "" && utf8.ValidString(trimmed) && len([]rune(trimmed)) <= eventcore.MaxStreamIDLength
	for _, r := range trimmed {
		legal = legal && !strings.ContainsRune("*?[]\x00", r)
	}
	if !legal {
		require.Error(t, err)
		require.Equal(t, eventcore.StreamID{}, id)
		return
	}
	require.NoError(t, err)
	require.Equal(t, trimmed, id.String())
	again, err := eventcore.ParseStreamID(id.String())
	require.NoError(t, err)
	require.Equal(t, id, again)
}

// TestStreamIDsFollowTheirRulesAtRandom draws from the characters that rules are about,
// and around the greatest length.
func TestStreamIDsFollowTheirRulesAtRandom(t *testing.T) {
	few := rapid.StringOfN(rapid.RuneFrom([]rune("aé/ \t\n\u00a0*?[]\x00%_\ufffd")), 0, 6, -1)
	long := rapid.StringOfN(rapid.RuneFrom([]rune("aé ")), 250, 262, -1)
	anything := rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })
	in := rapid.OneOf(few, few, long, anything)
	rapid.Check(t, func(t *rapid.T) { checkStreamID(t, in.Draw(t, "in")) })
}

func FuzzStreamID(f *testing.F) {
	for _, seed := range []string{"", " a ", "a*b", "é\u00a0", "a\xff", strings.Repeat("x", 256), "a\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) { checkStreamID(t, in) })
}
