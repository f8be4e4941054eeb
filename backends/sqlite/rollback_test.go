package sqlite_test

import (
	"database/sql"
	"database/sql/driver"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// spiedMemory returns a store in memory, which has one connection that is never replaced, with an
// event in stream a.
func spiedMemory(tb testing.TB) (*spy, *sqlite.Store) {
	tb.Helper()
	spy, db := newSpy(tb, sqlite.Memory)
	s, err := sqlite.New(tb.Context(), db, sqlite.Config{})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	appendTo(tb, s, 0, 1, eventcore.MustStreamID("a"))
	return spy, s
}

// refusing returns a hook that has inserts fail once they are done, and rollbacks before they
// are, as often as said.
func refusing(rollbacks int) (before func(driver.Conn, string) error, after func(string, error) error) {
	return func(_ driver.Conn, query string) error {
		if query == "ROLLBACK" && rollbacks > 0 {
			rollbacks--
			return errDisk
		}
		return nil
	}, failingAfter("INSERT", errDisk)
}

func TestARollbackInMemoryThatFailsIsTriedAgainByTheNextCall(t *testing.T) {
	a, b := eventcore.MustStreamID("a"), eventcore.MustStreamID("b")
	for name, call := range map[string]func(*testing.T, *sqlite.Store){
		"append": func(t *testing.T, s *sqlite.Store) { appendTo(t, s, 1, 1, a) },
		"read":   func(t *testing.T, s *sqlite.Store) { require.Empty(t, stream(t, s, b)) },
		"checkpoint": func(t *testing.T, s *sqlite.Store) {
			_, err := s.SaveCheckpoint(t.Context(), eventcore.MustSubscriptionID("s"), eventcore.NewPosition(0, 1))
			require.NoError(t, err)
		},
		"load": func(t *testing.T, s *sqlite.Store) {
			_, err := s.LoadCheckpoint(t.Context(), eventcore.MustSubscriptionID("s"))
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			spy, s := spiedMemory(t)
			spy.set(refusing(1))
			_, err := s.Append(t.Context(), batch(t, 0, 1, b))
			require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
			spy.set(nil, nil)
			call(t, s)
			require.Empty(t, stream(t, s, b), "it was said not to be applied")
			appendTo(t, s, 0, 1, b)
			require.Equal(t, upTo(len(stream(t, s, a))+1), global(t, s, eventcore.Filter{}))
		})
	}
}

func TestAStoreInMemoryThatCannotRollBackSaysSoAndKeepsItsEvents(t *testing.T) {
	a, b := eventcore.MustStreamID("a"), eventcore.MustStreamID("b")
	spy, s := spiedMemory(t)
	spy.set(refusing(4))
	_, err := s.Append(t.Context(), batch(t, 0, 1, b))
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
	before, _ := spy.hooks()
	spy.set(before, nil)

	const says = "a transaction of the database in memory is not rolled back"
	_, err = s.Append(t.Context(), batch(t, 1, 1, a))
	require.ErrorIs(t, err, errDisk)
	require.ErrorContains(t, err, says)
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err), "not in the transaction of another")
	for _, err := range s.ReadStream(t.Context(), b, 0) {
		require.ErrorContains(t, err, says, "what was not applied must not be seen")
	}
	_, err = s.LoadCheckpoint(t.Context(), eventcore.MustSubscriptionID("s"))
	require.ErrorContains(t, err, says)

	// The fourth was the last that fails.
	require.Len(t, stream(t, s, a), 1)
	require.Empty(t, stream(t, s, b))
	appendTo(t, s, 1, 1, a)
	_, closed := spy.connections()
	require.Zero(t, closed, "the events would be gone with the connection")
}

// TestACommitInMemoryThatWasDoneLeavesNothingToRollBack: the rollback after it fails for that
// reason, which is no fault.
func TestACommitInMemoryThatWasDoneLeavesNothingToRollBack(t *testing.T) {
	spy, s := spiedMemory(t)
	rollbacks := 0
	spy.set(calling("ROLLBACK", func() { rollbacks++ }), failingAfter("COMMIT", errDisk))
	_, err := s.Append(t.Context(), batch(t, 1, 1, eventcore.MustStreamID("a")))
	require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(err))
	require.Len(t, stream(t, s, eventcore.MustStreamID("a")), 2)
	require.Equal(t, 1, rollbacks)
}

// TestATransactionThatIsLeftIsRolledBackWhenAStoreInMemoryIsClosed: the connection goes back to
// the database of the caller.
func TestATransactionThatIsLeftIsRolledBackWhenAStoreInMemoryIsClosed(t *testing.T) {
	for _, rollbacks := range []int{1, 2} {
		spy, db := newSpy(t, sqlite.Memory)
		db.SetMaxOpenConns(1)
		s, err := sqlite.New(t.Context(), db, sqlite.Config{})
		require.NoError(t, err)
		spy.set(refusing(rollbacks))
		_, err = s.Append(t.Context(), batch(t, 0, 1, eventcore.MustStreamID("a")))
		require.ErrorIs(t, err, errDisk)
		if err := s.Close(); rollbacks == 1 {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, errDisk)
		}
		spy.set(nil, nil)
		var events int
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM eventcore_events").Scan(&events))
		require.Equal(t, rollbacks-1, events)
	}
}

// TestACallTakenDownWhileItRollsBackForAnotherGivesItsPlaceBack: see
// TestACallTakenDownWhileItOpensAConnectionGivesItsPlaceBack.
func TestACallTakenDownWhileItRollsBackForAnotherGivesItsPlaceBack(t *testing.T) {
	spy, db := newSpy(t, sqlite.Memory)
	s, err := sqlite.New(t.Context(), db, sqlite.Config{})
	require.NoError(t, err)
	spy.set(refusing(1))
	_, err = s.Append(t.Context(), batch(t, 0, 1, eventcore.MustStreamID("a")))
	require.ErrorIs(t, err, errDisk)
	spy.set(func(_ driver.Conn, query string) error {
		if strings.HasPrefix(query, "ROLLBACK") {
			panic("taken down")
		}
		return nil
	}, nil)
	require.PanicsWithValue(t, "taken down", func() { _, _ = s.Append(t.Context(), batch(t, 0, 1, eventcore.MustStreamID("a"))) })
	spy.set(nil, nil)
	_, err = s.Append(t.Context(), batch(t, 0, 1, eventcore.MustStreamID("a")))
	require.ErrorContains(t, err, "a database in memory is gone with it")
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		require.ErrorIs(t, err, sql.ErrConnDone)
	case <-time.After(10 * time.Second):
		require.Fail(t, "closing the store hangs")
	}
}

func TestAStoreInMemoryWhoseCallPanickedSaysThatItsEventsAreGone(t *testing.T) {
	spy, db := newSpy(t, sqlite.Memory)
	s, err := sqlite.New(t.Context(), db, sqlite.Config{})
	require.NoError(t, err)
	spy.set(calling("INSERT", func() { panic("taken down") }), nil)
	require.Panics(t, func() { _, _ = s.Append(t.Context(), batch(t, 0, 1, eventcore.MustStreamID("a"))) })
	spy.set(nil, nil)
	_, err = s.Append(t.Context(), batch(t, 0, 1, eventcore.MustStreamID("a")))
	require.ErrorContains(t, err, "a database in memory is gone with it")
	require.ErrorIs(t, s.Close(), sql.ErrConnDone)
}

func TestAMigrationInMemoryThatIsNotCommittedIsRolledBack(t *testing.T) {
	spy, db := newSpy(t, sqlite.Memory)
	db.SetMaxOpenConns(1)
	spy.set(failing("COMMIT", errDisk), nil)
	_, err := sqlite.New(t.Context(), db, sqlite.Config{})
	require.ErrorIs(t, err, errDisk)
	spy.set(nil, nil)
	run(t, db, "BEGIN IMMEDIATE")
	run(t, db, "ROLLBACK")
	s, err := sqlite.New(t.Context(), db, sqlite.Config{})
	require.NoError(t, err)
	require.NoError(t, s.Close())
}
