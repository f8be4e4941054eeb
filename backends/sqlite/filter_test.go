package sqlite_test

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/filtertest"
)

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

func TestReadAllAgreesWithTheFilter(t *testing.T) {
	filtertest.Agree(t, open(t, sqlite.Memory, sqlite.Config{}))
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
