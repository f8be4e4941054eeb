package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// A reader must never skip an event because its append took a position early and
// committed late. The test holds the append of one stream back between its insert and
// its commit, while another append goes on. It is run on the store, and on the same
// tables with positions from a bare sequence, where it must find the skip.

// holdBack makes inserts into the stream "slow" wait for the lock of the connection that
// it returns.
func holdBack(t *testing.T, dsn string) (*pgx.Conn, string) {
	t.Helper()
	holder := connectTo(t, dsn)
	var schema string
	require.NoError(t, holder.QueryRow(t.Context(), "SELECT current_schema()").Scan(&schema))
	key := fmt.Sprintf("hashtext('%s')", schema)
	run(t, holder, `CREATE FUNCTION hold_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF NEW.stream_id = 'slow' THEN PERFORM pg_advisory_xact_lock(`+key+`); END IF; RETURN NEW; END $$`)
	run(t, holder, "CREATE TRIGGER hold_back AFTER INSERT ON eventcore_events FOR EACH ROW EXECUTE FUNCTION hold_back()")
	run(t, holder, "SELECT pg_advisory_lock("+key+")")
	return holder, key
}

// skipped returns the positions that a poller with a cursor misses.
func skipped(t *testing.T, dsn string, s eventcore.AllReader, add func(ctx context.Context, stream string) error) []uint64 {
	t.Helper()
	holder, key := holdBack(t, dsn)
	var cursor eventcore.Position
	seen := map[uint64]bool{}
	poll := func() {
		for e, err := range s.ReadAll(t.Context(), eventcore.Filter{}, cursor, 0) {
			require.NoError(t, err)
			cursor = e.Position
			_, at := e.Position.Parts()
			seen[at] = true
		}
	}
	slow, fast := make(chan error, 1), make(chan error, 1)
	go func() { slow <- add(t.Context(), "slow") }()
	// waiting returns how many sessions on these tables wait for a lock.
	waiting := func() (n int) {
		require.NoError(t, holder.QueryRow(t.Context(), `SELECT count(DISTINCT w.pid) FROM pg_locks w JOIN pg_locks t USING (pid)
			JOIN pg_class c ON c.oid = t.relation WHERE NOT w.granted AND c.relnamespace = current_schema()::regnamespace`).Scan(&n))
		return n
	}
	require.Eventually(t, func() bool { return waiting() == 1 }, 30*time.Second, time.Millisecond)
	go func() { fast <- add(t.Context(), "fast") }()
	// It ends, or waits for the slow one.
	require.Eventually(t, func() bool { return len(fast) > 0 || waiting() == 2 }, 30*time.Second, time.Millisecond)
	poll()
	run(t, holder, "SELECT pg_advisory_unlock("+key+")")
	require.NoError(t, <-slow)
	require.NoError(t, <-fast)
	poll()
	var missed []uint64
	for _, at := range global(t, s) {
		if !seen[at] {
			missed = append(missed, at)
		}
	}
	return missed
}

func TestAPollerSkipsNothingWhenCommitsComeOutOfOrder(t *testing.T) {
	dsn := server.DSN(t)
	s := open(t, dsn, postgres.Config{MaxGroup: 1})
	require.Empty(t, skipped(t, dsn, s, func(ctx context.Context, stream string) error {
		_, err := s.Append(ctx, batch(t, 0, 1, eventcore.MustStreamID(stream)))
		return err
	}))
	require.Equal(t, []uint64{1, 2}, global(t, s), "positions have no gaps")
}

func TestABareSequenceIsCaughtSkipping(t *testing.T) {
	dsn := server.DSN(t)
	s := open(t, dsn, postgres.Config{})
	run(t, connectTo(t, dsn), "CREATE SEQUENCE bare")
	missed := skipped(t, dsn, s, func(ctx context.Context, stream string) error {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, `INSERT INTO eventcore_events (position, version, recorded_at, event_id, stream_id, type, data)
			VALUES (nextval('bare'), 1, now(), gen_random_uuid(), $1, 'x', '1')`, stream)
		_ = conn.Close(context.WithoutCancel(ctx))
		return err
	})
	require.Equal(t, []uint64{1}, missed)
}
