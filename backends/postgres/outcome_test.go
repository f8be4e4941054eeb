package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

// TestALostConnectionTellsOnlyWhatIsKnown cuts the wire before anything is sent, after
// it, and when the answer comes.
func TestALostConnectionTellsOnlyWhatIsKnown(t *testing.T) {
	id := eventcore.MustStreamID("a")
	for name, c := range map[string]struct {
		cut     func(w *wire)
		outcome eventcore.Outcome
		applied int
	}{
		"before the request": {func(w *wire) {
			w.set(func() error { return errCut }, nil)
		}, eventcore.OutcomeNotApplied, 0},
		"before the answer": {func(w *wire) {
			w.set(nil, func() error { return errCut })
		}, eventcore.OutcomeUnknown, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w, _, s := wired(t, server.DSN(t), 1)
			appendTo(t, s, 0, 1, id)
			c.cut(w)
			_, err := s.Append(t.Context(), batch(t, 1, 1, id))
			w.set(nil, nil)
			require.ErrorIs(t, err, errCut)
			require.Equal(t, c.outcome, eventcore.OutcomeOf(err))
			require.Eventually(t, func() bool { return len(stream(t, s, id)) == 1+c.applied }, 10*time.Second, time.Millisecond)
		})
	}
}

// TestTheServersAnswerTellsTheOutcome has the server answer an append with each kind of
// error.
func TestTheServersAnswerTellsTheOutcome(t *testing.T) {
	const (
		conflict   = "conflict"
		notApplied = "not applied"
		unknown    = "unknown outcome"
	)
	for code, want := range map[string]string{
		"40001": conflict, "40P01": conflict,
		"40003": unknown, "08006": unknown, "XX000": unknown,
		"57014": notApplied, "53100": notApplied, "23505": notApplied, "P0001": notApplied,
	} {
		for _, at := range []string{"statement", "commit"} {
			t.Run(code+" at "+at, func(t *testing.T) {
				dsn := server.DSN(t)
				s := open(t, dsn, postgres.Config{})
				conn := connectTo(t, dsn)
				run(t, conn, "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '"+code+"'; END $$")
				if at == "commit" {
					run(t, conn, "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON eventcore_events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()")
				} else {
					run(t, conn, "CREATE TRIGGER fail BEFORE INSERT ON eventcore_events FOR EACH ROW EXECUTE FUNCTION fail()")
				}
				id := eventcore.MustStreamID("a")
				_, err := s.Append(t.Context(), batch(t, 0, 2, id))
				switch want {
				case conflict:
					require.Equal(t, &eventcore.VersionConflict{Stream: id, ActualUnknown: true}, err)
				case notApplied:
					require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
					require.ErrorContains(t, err, "planted")
				default:
					require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(err))
					require.ErrorContains(t, err, "planted")
				}
				require.Empty(t, global(t, s))
				run(t, conn, "DROP TRIGGER fail ON eventcore_events")
				require.Equal(t, uint64(1), last(appendTo(t, s, 0, 1, id)), "a refused append leaves no gap")
			})
		}
	}
}

// last returns the position of the last event of an append.
func last(done eventcore.Appended) uint64 {
	_, lo := done.Last.Parts()
	return lo
}

// locked opens a store and locks its head from outside.
func locked(t *testing.T) (dsn string, s *postgres.Store, release func()) {
	t.Helper()
	dsn = server.DSN(t)
	s = open(t, dsn, postgres.Config{})
	conn := connectTo(t, dsn)
	run(t, conn, "BEGIN")
	run(t, conn, "SELECT position FROM eventcore_head FOR UPDATE")
	return dsn, s, func() { run(t, conn, "COMMIT") }
}

func TestAnAppendWhoseContextEndsIsCancelledOnTheServer(t *testing.T) {
	dsn, s, release := locked(t)
	ctx, cancel := context.WithCancel(t.Context())
	id := eventcore.MustStreamID("a")
	result := make(chan error, 1)
	w := batch(t, 0, 1, id)
	go func() {
		_, err := s.Append(ctx, w)
		result <- err
	}()
	wait(t, dsn, 1)
	cancel()
	err := <-result
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "canceling statement due to user request")
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
	require.Empty(t, waiting(t, dsn), "the statement still waits")
	release()
	require.Equal(t, uint64(1), last(appendTo(t, s, 0, 1, id)))
}

// wait waits until so many statements on the tables of a store wait for a lock.
func wait(t *testing.T, dsn string, statements int) {
	t.Helper()
	require.Eventually(t, func() bool { return len(waiting(t, dsn)) == statements }, time.Minute, time.Millisecond)
}

// waiting returns the statements on the tables of a store that wait for a lock.
func waiting(t *testing.T, dsn string) []string {
	t.Helper()
	conn := connectTo(t, dsn)
	// Who asks again and again must not use up the server's connections.
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	rows, err := conn.Query(t.Context(), "SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%eventcore_%'")
	require.NoError(t, err)
	defer rows.Close()
	var found []string
	for rows.Next() {
		var query string
		require.NoError(t, rows.Scan(&query))
		found = append(found, query)
	}
	require.NoError(t, rows.Err())
	return found
}

func TestAServerThatEndsTheConnectionLeavesTheOutcomeUnknown(t *testing.T) {
	dsn, s, release := locked(t)
	id := eventcore.MustStreamID("a")
	result := make(chan error, 1)
	w := batch(t, 0, 1, id)
	go func() {
		_, err := s.Append(t.Context(), w)
		result <- err
	}()
	wait(t, dsn, 1)
	run(t, connectTo(t, dsn), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%eventcore_head%'")
	err := <-result
	require.ErrorContains(t, err, "57P01")
	require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(err))
	release()
	require.Equal(t, uint64(1), last(appendTo(t, s, 0, 1, id)), "the pool makes a new connection")
}

func TestStricterIsolationMakesConflictsOnly(t *testing.T) {
	for _, level := range []string{"repeatable\\ read", "serializable"} {
		t.Run(strings.ReplaceAll(level, `\`, ""), func(t *testing.T) {
			dsn := server.DSN(t)
			open(t, dsn, postgres.Config{})
			s := open(t, pgtest.With(dsn, "default_transaction_isolation", level), postgres.Config{})
			const clients, each = 4, 25
			done := make(chan error, clients)
			for client := range clients {
				go func() { done <- appendAll(t, s, eventcore.MustStreamID(string(rune('a'+client))), each) }()
			}
			for range clients {
				require.NoError(t, <-done)
			}
			require.Len(t, global(t, s), clients*each)
		})
	}
}

// appendAll appends events one by one, again after a conflict.
func appendAll(t *testing.T, s eventcore.Store, id eventcore.StreamID, events int) error {
	t.Helper()
	for version := 0; version < events; {
		_, err := s.Append(t.Context(), batch(t, eventcore.Version(version), 1, id))
		if conflict, ok := err.(*eventcore.VersionConflict); ok && conflict.ActualUnknown {
			continue
		}
		if err != nil {
			return err
		}
		version++
	}
	return nil
}
