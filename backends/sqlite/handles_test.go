package sqlite_test

import (
	"database/sql"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestEventsAreThereAfterReopening(t *testing.T) {
	path, id := file(t), eventcore.MustStreamID("a")
	s, err := sqlite.Open(t.Context(), path, sqlite.Config{})
	require.NoError(t, err)
	appendTo(t, s, 0, 1000, id)
	want := stream(t, s, id)
	require.NoError(t, s.Close())

	again := open(t, path, sqlite.Config{})
	require.Equal(t, want, stream(t, again, id))
	require.Equal(t, upTo(1000), global(t, again, eventcore.Filter{}))
	done := appendTo(t, again, 1000, 1, id)
	require.Equal(t, eventcore.NewPosition(0, 1001), done.Last)
}

func TestTwoHandlesOnOneFileSeeEachOther(t *testing.T) {
	path, id := file(t), eventcore.MustStreamID("a")
	one, two := open(t, path, sqlite.Config{}), open(t, path, sqlite.Config{})
	for version := eventcore.Version(0); version < 50; version += 2 {
		appendTo(t, one, version, 1, id)
		require.Len(t, stream(t, two, id), int(version)+1)
		appendTo(t, two, version+1, 1, id)
		require.Len(t, stream(t, one, id), int(version)+2)
	}
	_, err := one.Append(t.Context(), batch(t, 49, 1, id))
	require.Equal(t, &eventcore.VersionConflict{Stream: id, Expected: 49, Actual: 50}, err)
}

// increment appends to a stream that others append to as well, until it has done so
// often enough. It returns the number of conflicts.
func increment(tb testing.TB, s eventcore.Store, id eventcore.StreamID, times int) (conflicts int) {
	tb.Helper()
	var version eventcore.Version
	for times > 0 {
		_, err := s.Append(tb.Context(), batch(tb, version, 1, id))
		if conflict, ok := errors.AsType[*eventcore.VersionConflict](err); ok {
			if conflict.Actual <= version {
				tb.Errorf("a conflict at %d says that the version is %d", version, conflict.Actual)
			}
			version = conflict.Actual
			conflicts++
			continue
		}
		if err != nil {
			tb.Error(err)
			return conflicts
		}
		version++
		times--
	}
	return conflicts
}

func TestManyHandlesAppendToOneStreamAtOnce(t *testing.T) {
	const handles, times = 6, 60
	path, id := file(t), eventcore.MustStreamID("a")
	conflicts := make([]int, handles)
	var group sync.WaitGroup
	for i := range handles {
		s := open(t, path, sqlite.Config{})
		group.Go(func() { conflicts[i] = increment(t, s, id, times) })
	}
	group.Wait()
	s := open(t, path, sqlite.Config{})
	require.Len(t, stream(t, s, id), handles*times)
	require.Equal(t, upTo(handles*times), global(t, s, eventcore.Filter{}))
	require.NotEqual(t, make([]int, handles), conflicts, "nobody was in anybody's way")
}

func TestDatabasesInMemoryAreApart(t *testing.T) {
	one, two := open(t, sqlite.Memory, sqlite.Config{}), open(t, sqlite.Memory, sqlite.Config{})
	id := eventcore.MustStreamID("a")
	appendTo(t, one, 0, 3, id)
	require.Len(t, stream(t, one, id), 3)
	require.Empty(t, stream(t, two, id))
}

func TestABroughtDatabaseKeepsWhatItHas(t *testing.T) {
	path, id := file(t), eventcore.MustStreamID("a")
	db := bare(t, path)
	run(t, db, "CREATE TABLE events (x)")
	run(t, db, "INSERT INTO events VALUES (7)")
	run(t, db, "PRAGMA user_version = 42")
	s, err := sqlite.New(t.Context(), db, sqlite.Config{})
	require.NoError(t, err)
	appendTo(t, s, 0, 3, id)
	require.Len(t, stream(t, s, id), 3)
	var version, x int
	require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA user_version").Scan(&version))
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT x FROM events").Scan(&x))
	require.Equal(t, []int{42, 7}, []int{version, x})
	require.NoError(t, s.Close())
	require.NoError(t, db.PingContext(t.Context()), "the database is the caller's to close")
}

func TestABroughtDatabaseMayBeLimitedToFewConnections(t *testing.T) {
	for name, c := range map[string]struct {
		source func() string
		limit  int
	}{
		"one, on a file":    {func() string { return file(t) }, 1},
		"two, on a file":    {func() string { return file(t) }, 2},
		"one, in memory":    {func() string { return ":memory:" }, 1},
		"any, in memory":    {func() string { return ":memory:" }, 0},
		"named, in memory":  {func() string { return "file:/named?vfs=memdb" }, 0},
		"shared, in memory": {func() string { return "file:shared?mode=memory&cache=shared" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			db, err := sql.Open("sqlite", c.source())
			require.NoError(t, err)
			defer func() { require.NoError(t, db.Close()) }()
			db.SetMaxOpenConns(c.limit)
			s, err := sqlite.New(t.Context(), db, sqlite.Config{Readers: 8})
			require.NoError(t, err)
			defer func() { require.NoError(t, s.Close()) }()
			ids := []eventcore.StreamID{eventcore.MustStreamID("a"), eventcore.MustStreamID("b")}
			var group sync.WaitGroup
			for _, id := range ids {
				group.Go(func() {
					for version := range 100 {
						if _, err := s.Append(t.Context(), batch(t, eventcore.Version(version), 1, id)); err != nil {
							t.Error(err)
							return
						}
						got := 0
						for range s.ReadStream(t.Context(), id, 0) {
							got++
						}
						if got != version+1 {
							t.Errorf("%d events, want %d", got, version+1)
						}
					}
				})
			}
			group.Wait()
			require.Equal(t, upTo(200), global(t, s, eventcore.Filter{}))
		})
	}
}

func TestABroughtDatabaseThatCannotHaveAWriteAheadLogIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no such file system layer")
	}
	// Locks by files that stand beside the database offer no shared memory.
	db := bare(t, "file:"+file(t)+"?vfs=unix-dotfile")
	_, err := sqlite.New(t.Context(), db, sqlite.Config{})
	require.ErrorContains(t, err, "the store needs one that supports write-ahead logging")
}
