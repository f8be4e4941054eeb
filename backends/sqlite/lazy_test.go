package sqlite_test

import (
	"context"
	"iter"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// manyEvents is the length of the stream on which memory is measured.
const manyEvents = 200_000

// many returns a store with a stream of so many events.
func many(t *testing.T, id eventcore.StreamID) *sqlite.Store {
	t.Helper()
	s := open(t, file(t), sqlite.Config{Synchronous: sqlite.SynchronousNormal})
	for version := 0; version < manyEvents; version += 10_000 {
		appendTo(t, s, eventcore.Version(version), 10_000, id)
	}
	return s
}

// liveBytes returns what is reachable.
func liveBytes() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// peak returns the greatest growth of live memory while a sequence is read to its end.
func peak(t *testing.T, events iter.Seq2[eventcore.Recorded, error], keep bool) int64 {
	t.Helper()
	before, most, got := liveBytes(), int64(0), 0
	var kept []eventcore.Recorded
	for e, err := range events {
		require.NoError(t, err)
		if keep {
			kept = append(kept, e)
		}
		if got++; got%20_000 == 0 {
			most = max(most, liveBytes()-before)
		}
	}
	require.Equal(t, manyEvents, got)
	runtime.KeepAlive(kept)
	return most
}

func TestMemoryDoesNotGrowWithTheStream(t *testing.T) {
	id := eventcore.MustStreamID("a")
	s := many(t, id)
	const bound = 4 << 20
	require.Less(t, peak(t, s.ReadStream(t.Context(), id, 0), false), int64(bound))
	require.Less(t, peak(t, s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0), false), int64(bound))
	// One who keeps the events is found out.
	require.Greater(t, peak(t, s.ReadStream(t.Context(), id, 0), true), int64(5*bound))
}

func TestLargeEventsMakeSmallPages(t *testing.T) {
	everywhere(t, func(t *testing.T, s *sqlite.Store) {
		id := eventcore.MustStreamID("a")
		for version := range eventcore.Version(40) {
			var w eventcore.Writes
			require.NoError(t, w.Expect(id, version))
			require.NoError(t, w.Append(id, proposed("large", jsonOf(1<<20))))
			_, err := s.Append(t.Context(), w)
			require.NoError(t, err)
		}
		before, most := liveBytes(), int64(0)
		for _, err := range s.ReadStream(t.Context(), id, 0) {
			require.NoError(t, err)
			most = max(most, liveBytes()-before)
		}
		require.Less(t, most, int64(8<<20))
	})
}

func TestHalfReadSequencesHoldNothing(t *testing.T) {
	path, id := file(t), eventcore.MustStreamID("a")
	spy, db := newSpy(t, path)
	db.SetMaxOpenConns(4)
	s, err := sqlite.New(t.Context(), db, sqlite.Config{})
	require.NoError(t, err)
	appendTo(t, s, 0, 1000, id)
	stream(t, s, id)
	other := bare(t, path)
	require.NoError(t, other.PingContext(t.Context()))
	goroutines, used := runtime.NumGoroutine(), db.Stats().InUse

	const sequences = 200
	// Were each to hold a connection, the fourth would wait for ever.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stops []func()
	for i := range sequences {
		events := s.ReadStream(ctx, id, 0)
		if i%2 == 1 {
			events = s.ReadAll(ctx, eventcore.Filter{}, eventcore.Position{}, 0)
		}
		next, stop := iter.Pull2(events)
		for range 10 {
			_, err, ok := next()
			require.NoError(t, err)
			require.True(t, ok)
		}
		stops = append(stops, stop)
	}
	require.Equal(t, used, db.Stats().InUse, "a half-read sequence holds a connection")
	// The writer is free, and so is the log: nobody's snapshot keeps it from being reset.
	appendTo(t, s, 1000, 1, id)
	var busy, frames, moved int
	require.NoError(t, other.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved))
	require.Zero(t, busy)
	info, err := os.Stat(path + "-wal")
	require.NoError(t, err)
	require.Zero(t, info.Size())
	for _, stop := range stops {
		stop()
	}
	// A query that has just ended may still have a goroutine on its way out.
	for range 1000 {
		if runtime.NumGoroutine() <= goroutines {
			break
		}
		time.Sleep(time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines)

	require.NoError(t, s.Close())
	require.Zero(t, db.Stats().InUse)
	opened, closed := spy.connections()
	require.Equal(t, opened, closed, "connections whose settings were changed must not go back to the pool")
	require.LessOrEqual(t, opened, 4)
}

func TestTheBodyMayAppendToTheStreamItReads(t *testing.T) {
	everywhere(t, func(t *testing.T, s *sqlite.Store) {
		id := eventcore.MustStreamID("a")
		appendTo(t, s, 0, 1000, id)
		version := eventcore.Version(1000)
		last := eventcore.Version(0)
		for e, err := range s.ReadStream(t.Context(), id, 0) {
			require.NoError(t, err)
			require.Equal(t, last+1, e.Version)
			last = e.Version
			appendTo(t, s, version, 1, id)
			version++
		}
		require.Equal(t, eventcore.Version(1000), last, "the snapshot ends where the stream ended")
		require.Len(t, stream(t, s, id), 2000)
	})
}
