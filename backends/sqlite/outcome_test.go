package sqlite_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

var errDisk = errors.New("the disk says no")

// busyError returns SQLite's error for a database that is locked.
func busyError(tb testing.TB) error {
	tb.Helper()
	path := file(tb)
	holder, other := bare(tb, path), bare(tb, path)
	holder.SetMaxOpenConns(1)
	run(tb, holder, "BEGIN IMMEDIATE")
	_, err := other.ExecContext(tb.Context(), "BEGIN IMMEDIATE")
	require.ErrorContains(tb, err, "SQLITE_BUSY")
	run(tb, holder, "ROLLBACK")
	return err
}

// failing returns a hook that has the statements that begin so fail.
func failing(begin string, with error) func(driver.Conn, string) error {
	return func(_ driver.Conn, query string) error {
		if strings.HasPrefix(query, begin) {
			return with
		}
		return nil
	}
}

// failingAfter is failing for statements that are carried out all the same.
func failingAfter(begin string, with error) func(string, error) error {
	return func(query string, err error) error {
		if strings.HasPrefix(query, begin) {
			return with
		}
		return err
	}
}

func TestOutcomeIsAsMuchAsIsKnown(t *testing.T) {
	busy := busyError(t)
	for name, c := range map[string]struct {
		before  func(driver.Conn, string) error
		after   func(string, error) error
		want    eventcore.Outcome
		cause   error
		applied bool
	}{
		"begin fails":                      {before: failing("BEGIN", errDisk), want: eventcore.OutcomeNotApplied, cause: errDisk},
		"begin stays busy":                 {before: failing("BEGIN", busy), want: eventcore.OutcomeNotApplied, cause: busy},
		"check fails":                      {before: failing("SELECT", errDisk), want: eventcore.OutcomeNotApplied, cause: errDisk},
		"insert fails":                     {before: failing("INSERT", errDisk), want: eventcore.OutcomeNotApplied, cause: errDisk},
		"insert fails after it was done":   {after: failingAfter("INSERT", errDisk), want: eventcore.OutcomeNotApplied, cause: errDisk},
		"commit fails before it was done":  {before: failing("COMMIT", errDisk), want: eventcore.OutcomeUnknown, cause: errDisk},
		"commit fails after it was done":   {after: failingAfter("COMMIT", errDisk), want: eventcore.OutcomeUnknown, cause: errDisk, applied: true},
		"connection lost before commit":    {before: failing("COMMIT", driver.ErrBadConn), want: eventcore.OutcomeUnknown, cause: driver.ErrBadConn},
		"connection lost at insert":        {before: failing("INSERT", driver.ErrBadConn), want: eventcore.OutcomeNotApplied, cause: driver.ErrBadConn},
		"connection lost at commit":        {after: failingAfter("COMMIT", driver.ErrBadConn), want: eventcore.OutcomeUnknown, cause: driver.ErrBadConn, applied: true},
		"commit stays busy":                {before: failing("COMMIT", busy), want: eventcore.OutcomeNotApplied, cause: busy},
		"commit says busy but has applied": {after: failingAfter("COMMIT", busy), want: eventcore.OutcomeUnknown, applied: true},
	} {
		t.Run(name, func(t *testing.T) {
			spy, s := spied(t, sqlite.Config{BusyTimeout: 5 * time.Millisecond})
			id, other := eventcore.MustStreamID("a"), eventcore.MustStreamID("b")
			spy.set(c.before, c.after)
			_, err := s.Append(t.Context(), batch(t, 0, 3, id))
			require.Error(t, err)
			require.Equal(t, c.want, eventcore.OutcomeOf(err), "%v", err)
			if c.cause != nil {
				require.ErrorIs(t, err, c.cause)
			}
			spy.set(nil, nil)
			// Whatever happened, the store works on, and nothing is left of it half done.
			appendTo(t, s, 0, 1, other)
			require.Len(t, stream(t, s, other), 1)
			want := map[bool]int{false: 0, true: 3}[c.applied]
			require.Len(t, stream(t, s, id), want)
			require.Equal(t, upTo(want+1), global(t, s, eventcore.Filter{}))
		})
	}
}

func TestRollbackThatFailsCostsTheConnectionOnly(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	id := eventcore.MustStreamID("a")
	spy.set(func(_ driver.Conn, query string) error {
		if strings.HasPrefix(query, "INSERT") || query == "ROLLBACK" {
			return errDisk
		}
		return nil
	}, nil)
	_, before := spy.connections()
	_, err := s.Append(t.Context(), batch(t, 0, 1, id))
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
	_, after := spy.connections()
	require.Equal(t, before+1, after, "the connection still has the transaction: it must be closed")
	spy.set(nil, nil)
	require.Empty(t, stream(t, s, id))
	appendTo(t, s, 0, 1, id)
}

func TestReadsGoOnWhileTheWriterIsReplaced(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	id := eventcore.MustStreamID("a")
	appendTo(t, s, 0, 100, id)
	spy.set(func(_ driver.Conn, query string) error {
		if query == "COMMIT" || query == "ROLLBACK" {
			return driver.ErrBadConn
		}
		return nil
	}, nil)
	batches := make([]eventcore.Writes, 20)
	for i := range batches {
		batches[i] = batch(t, 100, 1, id)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, w := range batches {
			if _, err := s.Append(t.Context(), w); eventcore.OutcomeOf(err) != eventcore.OutcomeUnknown {
				t.Error(err)
			}
		}
	}()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		require.Len(t, stream(t, s, id), 100)
	}
	opened, _ := spy.connections()
	require.GreaterOrEqual(t, opened, len(batches))
}

func TestABusyCommitIsTriedAgain(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	busy, times := busyError(t), 3
	spy.set(func(_ driver.Conn, query string) error {
		if query == "COMMIT" && times > 0 {
			times--
			return busy
		}
		return nil
	}, nil)
	appendTo(t, s, 0, 1, eventcore.MustStreamID("a"))
	require.Zero(t, times)
}

func TestABusyReadIsTriedAgainAndYieldsEachEventOnce(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	id := eventcore.MustStreamID("a")
	appendTo(t, s, 0, 1000, id)
	busy, n := busyError(t), 0
	spy.set(func(_ driver.Conn, query string) error {
		if n++; strings.HasPrefix(query, "SELECT") && n%2 == 1 {
			return busy
		}
		return nil
	}, nil)
	require.Len(t, stream(t, s, id), 1000)
	require.Equal(t, upTo(1000), global(t, s, eventcore.Filter{}))
	require.Equal(t, upTo(1000), global(t, s, eventcore.Filter{Types: []string{"deposited"}}))
	require.Greater(t, n, 10)
}

func TestAReadThatIsBusyInTheMiddleYieldsEachEventOnce(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	id := eventcore.MustStreamID("a")
	appendTo(t, s, 0, 10_000, id)
	busy, n := busyError(t), 0
	spy.mu.Lock()
	spy.onRow = func() error {
		// Seldom enough that a page can be fetched at all.
		if n++; n%701 == 0 {
			return busy
		}
		return nil
	}
	spy.mu.Unlock()
	require.Equal(t, upTo(10_000), global(t, s, eventcore.Filter{}))
	require.Equal(t, upTo(10_000), global(t, s, eventcore.Filter{Types: []string{"deposited"}}))
	events := stream(t, s, id)
	require.Len(t, events, 10_000)
	require.Equal(t, eventcore.Version(10_000), events[len(events)-1].Version)
}

func TestAReadThatFailsSaysSoOnce(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	id := eventcore.MustStreamID("a")
	appendTo(t, s, 0, 1000, id)
	for _, at := range []int{1, 2, 3} {
		n := 0
		spy.set(func(driver.Conn, string) error {
			if n++; n == at {
				return errDisk
			}
			return nil
		}, nil)
		got, failures := 0, 0
		for e, err := range s.ReadStream(t.Context(), id, 0) {
			if err != nil {
				failures++
				require.ErrorIs(t, err, errDisk)
				require.Zero(t, e)
				continue
			}
			got++
			require.Equal(t, eventcore.Version(got), e.Version)
		}
		require.Equal(t, 1, failures)
		require.Less(t, got, 1000)
	}
	spy.set(nil, nil)
	require.Len(t, stream(t, s, id), 1000)
}

func TestAPanicInTheMiddleOfAnAppendLeavesNothingBehind(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	id := eventcore.MustStreamID("a")
	spy.set(nil, func(query string, err error) error {
		if strings.HasPrefix(query, "INSERT") {
			panic("taken down")
		}
		return err
	})
	require.Panics(t, func() { _, _ = s.Append(t.Context(), batch(t, 0, 1, id)) })
	spy.set(nil, nil)
	require.Empty(t, stream(t, s, id))
	appendTo(t, s, 0, 1, id)
}

func TestAContextThatEndsBeforeTheCommitLeavesNothingBehind(t *testing.T) {
	for _, last := range []string{"BEGIN IMMEDIATE", "SELECT", "INSERT"} {
		t.Run(last, func(t *testing.T) {
			spy, s := spied(t, sqlite.Config{})
			id := eventcore.MustStreamID("a")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			spy.set(nil, func(query string, err error) error {
				if strings.HasPrefix(query, last) {
					cancel()
				}
				return err
			})
			_, err := s.Append(ctx, batch(t, 0, 100, id))
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
			spy.set(nil, nil)
			require.Empty(t, stream(t, s, id))
			appendTo(t, s, 0, 1, id)
		})
	}
}

func TestAContextThatEndsWithTheCommitDoesNotHideThatItWasApplied(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	id := eventcore.MustStreamID("a")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	spy.set(calling("COMMIT", cancel), nil)
	_, err := s.Append(ctx, batch(t, 0, 1, id))
	require.NoError(t, err)
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	require.Len(t, stream(t, s, id), 1)
}

// calling returns a hook that calls do before the statements that begin so.
func calling(begin string, do func()) func(driver.Conn, string) error {
	return func(_ driver.Conn, query string) error {
		if strings.HasPrefix(query, begin) {
			do()
		}
		return nil
	}
}
