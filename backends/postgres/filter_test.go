package postgres_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func prefix(tb testing.TB, text string) eventcore.StreamPrefix {
	tb.Helper()
	p, err := eventcore.ParseStreamPrefix(text)
	require.NoError(tb, err)
	return p
}

func pattern(tb testing.TB, glob string) eventcore.StreamPattern {
	tb.Helper()
	p, err := eventcore.ParseStreamPattern(glob)
	require.NoError(tb, err)
	return p
}

func positions(tb testing.TB, s eventcore.AllReader, filter eventcore.Filter, after uint64, limit int) []uint64 {
	tb.Helper()
	var got []uint64
	for e, err := range s.ReadAll(tb.Context(), filter, eventcore.NewPosition(0, after), limit) {
		require.NoError(tb, err)
		_, at := e.Position.Parts()
		got = append(got, at)
	}
	return got
}

// alphabet has what means something in a pattern, in LIKE, or at the edges of UTF-8.
var alphabet = []string{"a", "b", "A", "%", "_", "/", "-", "!", "^", `\`, "'", "ä", "日", "\ud7ff", "\ue000", "\ufffd", "\U0010ffff", "1"}

var special = []string{"*", "?", "[ab]", "[!a]", "[a-b]", "[^a]", "[]a]", "[!]]", "[-a]", "[%_]", "[\ufffd]", "[日-本]", "]", "[!^]", "\x00", "*a*a*a*a*a"}

// drawn returns a text of some of the pieces.
func drawn(r *rapid.T, name string, pieces []string, least int) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), least, 6).Draw(r, name), "")
}

// TestFiltersAgreeWithMemory does the same on this store and on the one in memory, whose
// filter is that of the contract.
func TestFiltersAgreeWithMemory(t *testing.T) {
	s, twin := open(t, server.DSN(t), postgres.Config{}), memory.New(memory.Config{})
	versions := map[eventcore.StreamID]eventcore.Version{}
	add := func(r *rapid.T) {
		id, err := eventcore.ParseStreamID(drawn(r, "stream", alphabet, 1))
		require.NoError(r, err)
		var w eventcore.Writes
		require.NoError(r, w.Expect(id, versions[id]))
		for _, kind := range rapid.SliceOfN(rapid.SampledFrom([]string{"x", "X", "x%", "y"}), 1, 3).Draw(r, "types") {
			require.NoError(r, w.Append(id, proposed(kind, "1")))
			versions[id]++
		}
		for _, to := range []eventcore.Store{s, twin} {
			_, err = to.Append(t.Context(), w)
			require.NoError(r, err)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		for range 3 {
			add(r)
		}
		var filter eventcore.Filter
		if rapid.Bool().Draw(r, "by prefix") {
			filter.Prefix = prefix(t, drawn(r, "prefix", alphabet, 1))
		}
		if rapid.Bool().Draw(r, "by pattern") {
			filter.Pattern = pattern(t, drawn(r, "pattern", append(append([]string{}, alphabet...), special...), 1))
		}
		filter.Types = rapid.SliceOfN(rapid.SampledFrom([]string{"x", "X", "x%", "none", "\xff"}), 0, 3).Draw(r, "types")
		after := rapid.Uint64Range(0, 300).Draw(r, "after")
		limit := rapid.IntRange(0, 5).Draw(r, "limit")
		require.Equal(r, positions(t, twin, filter, after, limit), positions(t, s, filter, after, limit))
	})
	require.NotEmpty(t, global(t, s))
}

func TestAPositionOfAnotherStoreYieldsNothing(t *testing.T) {
	s := open(t, server.DSN(t), postgres.Config{})
	appendTo(t, s, 0, 3, eventcore.MustStreamID("a"))
	for range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.NewPosition(1, 0), 0) {
		require.Fail(t, "there is nothing behind it")
	}
	for range s.ReadStream(t.Context(), eventcore.MustStreamID("a"), 1<<64-1) {
		require.Fail(t, "there is nothing behind it")
	}
	for range s.ReadStream(t.Context(), eventcore.StreamID{}, 0) {
		require.Fail(t, "there is no such stream")
	}
}
