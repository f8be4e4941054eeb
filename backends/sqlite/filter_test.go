package sqlite_test

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
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

// expected returns what ReadAll must return: the filter of the contract over all
// events.
func expected(all []eventcore.Recorded, filter eventcore.Filter, after uint64, limit int) []uint64 {
	var want []uint64
	for i := range all {
		_, at := all[i].Position.Parts()
		if at > after && filter.Match(all[i].Stream, all[i].Type) && (limit == 0 || len(want) < limit) {
			want = append(want, at)
		}
	}
	return want
}

func positions(t *testing.T, s eventcore.AllReader, filter eventcore.Filter, after uint64, limit int) []uint64 {
	t.Helper()
	var got []uint64
	for e, err := range s.ReadAll(t.Context(), filter, eventcore.NewPosition(0, after), limit) {
		require.NoError(t, err)
		_, at := e.Position.Parts()
		got = append(got, at)
	}
	return got
}

// alphabet has what means something in a pattern, in SQL's LIKE and GLOB, or in UTF-8.
var alphabet = []string{"a", "b", "A", "%", "_", "/", "-", "!", "^", `\`, "'", "ä", "日", "\ufffd", "\ufffe", "\U0010ffff", "1"}

var special = []string{"*", "?", "[ab]", "[!a]", "[a-b]", "[^a]", "[]a]", "[!]]", "[-a]", "[%_]", "[\ufffd]", "[日-本]", "]", "[!^]"}

// drawn returns a text of some of the pieces.
func drawn(r *rapid.T, name string, pieces []string, least int) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), least, 6).Draw(r, name), "")
}

func TestReadAllAgreesWithTheFilter(t *testing.T) {
	s := open(t, sqlite.Memory, sqlite.Config{})
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
		_, err = s.Append(t.Context(), w)
		require.NoError(r, err)
	}
	rapid.Check(t, func(r *rapid.T) {
		for range 3 {
			add(r)
		}
		var all []eventcore.Recorded
		for e, err := range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
			require.NoError(r, err)
			all = append(all, e)
		}
		var filter eventcore.Filter
		if rapid.Bool().Draw(r, "by prefix") {
			filter.Prefix = prefix(t, drawn(r, "prefix", alphabet, 1))
		}
		if rapid.Bool().Draw(r, "by pattern") {
			filter.Pattern = pattern(t, drawn(r, "pattern", append(append([]string{}, alphabet...), special...), 1))
		}
		filter.Types = rapid.SliceOfN(rapid.SampledFrom([]string{"x", "X", "x%", "none"}), 0, 3).Draw(r, "types")
		after := rapid.Uint64Range(0, uint64(len(all))).Draw(r, "after")
		limit := rapid.IntRange(0, 5).Draw(r, "limit")
		require.Equal(r, expected(all, filter, after, limit), positions(t, s, filter, after, limit))
	})
}

// TestRareStreamsAreFoundAmongMany uses both ways to find events: passing over all, and
// the index.
func TestRareStreamsAreFoundAmongMany(t *testing.T) {
	s := open(t, sqlite.Memory, sqlite.Config{})
	rounds, common := 40, 1000
	if testing.Short() {
		rounds = 25 // the fewest that the index is used with
	}
	big := eventcore.MustStreamID("common")
	for round := range rounds {
		appendTo(t, s, eventcore.Version(round*common), common, big)
		for n := range 3 {
			appendTo(t, s, eventcore.Version(round*5), 5, eventcore.MustStreamID(fmt.Sprintf("rare-%d", n)))
		}
	}
	var all []eventcore.Recorded
	for e, err := range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
		require.NoError(t, err)
		all = append(all, e)
	}
	require.Len(t, all, rounds*(common+15))
	types := make([]string, 100) // too many for SQL
	types[99] = "deposited"
	for name, filter := range map[string]eventcore.Filter{
		"prefix":             {Prefix: prefix(t, "rare-")},
		"one stream":         {Prefix: prefix(t, "rare-1")},
		"pattern":            {Pattern: pattern(t, "rare-[!0]")},
		"pattern no range":   {Pattern: pattern(t, "?are-1")},
		"pattern and prefix": {Pattern: pattern(t, "*1"), Prefix: prefix(t, "ra")},
		"contradiction":      {Pattern: pattern(t, "common*"), Prefix: prefix(t, "rare")},
		"nothing":            {Prefix: prefix(t, "none")},
		"common":             {Prefix: prefix(t, "common")},
		"types":              {Types: []string{"deposited"}},
		"prefix and types":   {Prefix: prefix(t, "rare-"), Types: []string{"deposited", "x", "y"}},
		"many types":         {Prefix: prefix(t, "rare-"), Types: types},
		"other type":         {Prefix: prefix(t, "rare-"), Types: []string{"other"}},
	} {
		for _, after := range []uint64{0, 500, 40_600, 1 << 62, 1<<64 - 1} {
			for _, limit := range []int{0, 1, 100, 600, 601} {
				require.Equal(t, expected(all, filter, after, limit), positions(t, s, filter, after, limit), "%s after %d limit %d", name, after, limit)
			}
		}
	}
}

func TestTheIndexIsUsedForRareStreamsOnly(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	big, rare := eventcore.MustStreamID("common"), eventcore.MustStreamID("rare")
	for version := range eventcore.Version(6) {
		appendTo(t, s, version*5000, 5000, big)
		appendTo(t, s, version, 1, rare)
	}
	for name, want := range map[string]int{"rare": 1, "common": 0} {
		used := 0
		spy.set(func(_ driver.Conn, query string) error {
			if strings.HasPrefix(query, "SELECT position FROM eventcore_events INDEXED BY eventcore_events_by_stream WHERE true AND stream_id >= ?") {
				used++
			}
			return nil
		}, nil)
		// No event has the type, so that a window is never enough.
		require.Empty(t, global(t, s, eventcore.Filter{Prefix: prefix(t, name), Types: []string{"none"}}))
		require.Equal(t, want, used, name)
	}
}

func TestAPositionOfAnotherStoreYieldsNothing(t *testing.T) {
	s := open(t, sqlite.Memory, sqlite.Config{})
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
