package sqlite_test

import (
	"context"
	"database/sql/driver"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// locked returns a store on a file whose write lock another handle has, and a function
// that releases it.
func locked(t *testing.T, cfg sqlite.Config) (s *sqlite.Store, unlock func()) {
	t.Helper()
	path := file(t)
	s = open(t, path, cfg)
	holder := bare(t, path)
	holder.SetMaxOpenConns(1)
	run(t, holder, "BEGIN IMMEDIATE")
	return s, sync.OnceFunc(func() { run(t, holder, "ROLLBACK") })
}

func TestAnAppendWaitsForAnotherHandle(t *testing.T) {
	clock := &countingClock{}
	s, unlock := locked(t, sqlite.Config{Clock: clock})
	clock.onSleep = func() {
		if clock.slept.Load() == 5 {
			unlock()
		}
	}
	appendTo(t, s, 0, 1, eventcore.MustStreamID("a"))
	require.Equal(t, int64(5), clock.slept.Load(), "it must notice at once that the lock is free")
}

// TestTheSwitchToAWriteAheadLogWaitsForAnotherHandle: SQLite itself does not wait there, so
// that two processes that open a new file at once would fail now and then.
func TestTheSwitchToAWriteAheadLogWaitsForAnotherHandle(t *testing.T) {
	path, clock := file(t), &countingClock{}
	spy, db := newSpy(t, path)
	holder := bare(t, path)
	holder.SetMaxOpenConns(1)
	lock := sync.OnceFunc(func() { run(t, holder, "BEGIN IMMEDIATE") })
	spy.set(func(_ driver.Conn, query string) error {
		if query == "PRAGMA journal_mode = WAL" {
			lock()
		}
		return nil
	}, nil)
	clock.onSleep = func() {
		if clock.slept.Load() == 3 {
			run(t, holder, "ROLLBACK")
		}
	}
	s, err := sqlite.New(t.Context(), db, sqlite.Config{Clock: clock})
	require.NoError(t, err)
	require.Equal(t, int64(3), clock.slept.Load(), "it must notice at once that the lock is free")
	require.NoError(t, s.Close())
}

func TestAnAppendGivesUpAfterTheBusyTimeout(t *testing.T) {
	for _, clock := range []eventcore.Clock{eventcore.SystemClock{}, stoppedClock{time.Now()}} {
		s, unlock := locked(t, sqlite.Config{Clock: clock, BusyTimeout: 20 * time.Millisecond})
		id := eventcore.MustStreamID("a")
		_, err := s.Append(t.Context(), batch(t, 0, 1, id))
		require.ErrorContains(t, err, "locked by another process or handle for more than 20ms")
		require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
		require.Empty(t, stream(t, s, id), "readers do not wait for writers")
		unlock()
		appendTo(t, s, 0, 1, id)
	}
}

func TestAnAppendThatWaitsEndsWithItsContext(t *testing.T) {
	clock := &countingClock{}
	s, unlock := locked(t, sqlite.Config{Clock: clock, BusyTimeout: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	clock.onSleep = func() {
		if clock.slept.Load() == 3 {
			cancel()
		}
	}
	id := eventcore.MustStreamID("a")
	_, err := s.Append(ctx, batch(t, 0, 1, id))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
	unlock()
	require.Empty(t, stream(t, s, id))
	appendTo(t, s, 0, 1, id)
}

func TestAnAppendThatQueuesEndsWithItsContext(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	id, other := eventcore.MustStreamID("a"), eventcore.MustStreamID("b")
	inside, goOn := make(chan struct{}), make(chan struct{})
	spy.set(func(_ driver.Conn, query string) error {
		if query == "COMMIT" {
			close(inside)
			<-goOn
		}
		return nil
	}, nil)
	first := make(chan error)
	w := batch(t, 0, 1, id)
	go func() {
		_, err := s.Append(t.Context(), w)
		first <- err
	}()
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error)
	w2 := batch(t, 0, 1, other)
	go func() {
		_, err := s.Append(ctx, w2)
		second <- err
	}()
	cancel()
	err := <-second // while the first is still inside
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
	spy.set(nil, nil)
	close(goOn)
	require.NoError(t, <-first)
	require.Empty(t, stream(t, s, other))
}

func TestABroughtConnectionDoesNotWaitInsideTheDriver(t *testing.T) {
	spy, db := newSpy(t, file(t)+"?_pragma=busy_timeout(60000)")
	s, err := sqlite.New(t.Context(), db, sqlite.Config{})
	require.NoError(t, err)
	var timeouts []driver.Value
	spy.set(func(conn driver.Conn, query string) error {
		if query == "BEGIN IMMEDIATE" || strings.HasPrefix(query, "SELECT position") {
			timeouts = append(timeouts, ask(t, conn, "PRAGMA busy_timeout"))
		}
		return nil
	}, nil)
	id := eventcore.MustStreamID("a")
	appendTo(t, s, 0, 1, id)
	stream(t, s, id)
	require.Equal(t, []driver.Value{int64(0), int64(0)}, timeouts)
	require.NoError(t, s.Close())
}

func TestAContextThatEndsAtTheLastEventIsReportedUnlessTheLimitIsReached(t *testing.T) {
	everywhere(t, func(t *testing.T, s *sqlite.Store) {
		appendTo(t, s, 0, 3, eventcore.MustStreamID("a"))
		for limit, want := range map[int]error{0: context.Canceled, 4: context.Canceled, 3: nil} {
			ctx, cancel := context.WithCancel(t.Context())
			got, last := 0, error(nil)
			for _, err := range s.ReadAll(ctx, eventcore.Filter{}, eventcore.Position{}, limit) {
				if last = err; err == nil {
					got++
				}
				if got == 3 {
					cancel()
				}
			}
			cancel()
			require.Equal(t, 3, got)
			require.ErrorIs(t, last, want)
		}
	})
}

func TestAReadThatSelectsNothingEndsWithItsContext(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	appendTo(t, s, 0, 30_000, eventcore.MustStreamID("a"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	statements := 0
	spy.set(func(driver.Conn, string) error {
		if statements++; statements == 3 {
			cancel()
		}
		return nil
	}, nil)
	many := make([]string, 100) // too many to be compared by SQL
	for i := range many {
		many[i] = "none"
	}
	for _, types := range [][]string{{"none"}, many} {
		statements = 0
		for e, err := range s.ReadAll(ctx, eventcore.Filter{Types: types}, eventcore.Position{}, 0) {
			require.ErrorIs(t, err, context.Canceled)
			require.Zero(t, e)
		}
		require.LessOrEqual(t, statements, 3, "it goes on after its context is done")
	}
}
