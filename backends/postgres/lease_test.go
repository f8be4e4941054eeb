package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// lead acquires the lease.
func lead(tb testing.TB, s *postgres.Store) eventcore.Lease {
	tb.Helper()
	lease, err := s.TryAcquire(tb.Context(), orders())
	require.NoError(tb, err)
	require.NoError(tb, lease.Check(tb.Context()))
	return lease
}

// leadSoon acquires a lease whose holder the server may not have missed yet.
func leadSoon(t *testing.T, s *postgres.Store) eventcore.Lease {
	t.Helper()
	var lease eventcore.Lease
	require.Eventually(t, func() bool {
		var err error
		lease, err = s.TryAcquire(t.Context(), orders())
		if err != nil {
			require.ErrorIs(t, err, eventcore.ErrLeaseHeld)
		}
		return err == nil
	}, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, lease.Check(t.Context()))
	return lease
}

// holders is a condition on pg_stat_activity for sessions that hold a lease in the schema.
const holders = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND " +
	"(classid::bigint << 32 | objid::bigint) = hashtextextended('orders', 'eventcore_leases'::regclass::oid::bigint))"

func TestALostConnectionLosesTheLease(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, dsn string, w *wire){
		"cut before the check": func(_ *testing.T, _ string, w *wire) { w.set(func() error { return errCut }, nil) },
		"cut in the check":     func(_ *testing.T, _ string, w *wire) { w.set(nil, func() error { return errCut }) },
		"ended by the server": func(t *testing.T, dsn string, _ *wire) {
			run(t, connectTo(t, dsn), "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE "+holders)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := server.DSN(t)
			w, _, s := wired(t, dsn, 1)
			other := open(t, dsn, postgres.Config{})
			lease := lead(t, s)
			end(t, dsn, w)
			require.ErrorIs(t, lease.Check(t.Context()), eventcore.ErrLeaseLost)
			w.set(nil, nil)
			next := leadSoon(t, other)
			require.Greater(t, next.Token(), lease.Token())
			require.ErrorIs(t, lease.Check(t.Context()), eventcore.ErrLeaseLost, "it does not come back")
			require.NoError(t, lease.Release(t.Context()))
			require.NoError(t, next.Check(t.Context()))
		})
	}
}

func TestALeaseTakesNoConnectionOfThePool(t *testing.T) {
	_, pool, s := wired(t, server.DSN(t), 1)
	lease := lead(t, s)
	require.Zero(t, pool.Stat().AcquiredConns())
	appendTo(t, s, 0, 1, eventcore.MustStreamID("a"))
	require.NoError(t, lease.Check(t.Context()))
	require.NoError(t, s.Close())
	require.ErrorIs(t, lease.Check(t.Context()), eventcore.ErrLeaseLost, "the pool is the caller's, the lease is not")
}

func TestTheConnectionOfALeaseThatEndedIsClosed(t *testing.T) {
	var mu sync.Mutex
	var made []*pgx.Conn // which keeps them from being closed by the garbage collector
	s := hooked(t, server.DSN(t), func(_ context.Context, conn *pgx.Conn) error {
		mu.Lock()
		defer mu.Unlock()
		made = append(made, conn)
		return nil
	})
	newest := func() *pgx.Conn {
		mu.Lock()
		defer mu.Unlock()
		return made[len(made)-1]
	}
	lease := lead(t, s)
	held := newest()
	_, err := s.TryAcquire(t.Context(), orders())
	require.ErrorIs(t, err, eventcore.ErrLeaseHeld)
	require.True(t, newest().IsClosed(), "that of the refusal")
	require.NotSame(t, held, newest())
	require.False(t, held.IsClosed())
	require.NoError(t, lease.Release(t.Context()))
	require.True(t, held.IsClosed())
	lead(t, s)
	require.NoError(t, s.Close())
	require.True(t, newest().IsClosed(), "that of a lease that the store's end has ended")
}

// TestACheckThatRunsOutOfTimeLosesNothing lets the answer come after the context has ended and
// the server was asked to cancel.
func TestACheckThatRunsOutOfTimeLosesNothing(t *testing.T) {
	dsn := server.DSN(t)
	w, _, s := wired(t, dsn, 1)
	lease := lead(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := make(chan struct{})
	ask := sync.OnceFunc(func() { close(asked) })
	w.set(func() error {
		if ctx.Err() != nil {
			ask() // over a connection of its own
		}
		return nil
	}, func() error {
		cancel()
		select {
		case <-asked:
			return nil
		case <-time.After(10 * time.Second):
			return errors.New("the server is not asked to cancel")
		}
	})
	if err := lease.Check(ctx); err != nil {
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, eventcore.ErrLeaseLost)
	}
	w.set(nil, nil)
	require.NoError(t, lease.Check(t.Context()))
	require.NoError(t, lease.Release(t.Context()))
}

// hooked opens a store that shows each connection it makes to the test.
func hooked(t *testing.T, dsn string, onConnect func(ctx context.Context, conn *pgx.Conn) error) *postgres.Store {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	cfg.AfterConnect = onConnect
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s, err := postgres.New(t.Context(), pool, postgres.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestASessionThatLostItsLockLosesTheLease(t *testing.T) {
	var mu sync.Mutex
	var last *pgx.Conn
	s := hooked(t, server.DSN(t), func(_ context.Context, conn *pgx.Conn) error {
		mu.Lock()
		defer mu.Unlock()
		last = conn
		return nil
	})
	lease := lead(t, s)
	mu.Lock()
	conn := last
	mu.Unlock()
	// As a pooler does when it gives the session to somebody else.
	run(t, conn, "DISCARD ALL")
	require.ErrorIs(t, lease.Check(t.Context()), eventcore.ErrLeaseLost)
	require.Error(t, conn.Ping(t.Context()), "its connection is not kept")
	lead(t, s)
}

func TestAServerThatOnlyPretendsToLockIsRefused(t *testing.T) {
	dsn := server.DSN(t)
	conn := connectTo(t, dsn)
	run(t, conn, "CREATE FUNCTION pg_try_advisory_lock(key bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'")
	s := hooked(t, dsn, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SELECT set_config('search_path', current_schema() || ', pg_catalog', false)")
		return err
	})
	_, err := s.TryAcquire(t.Context(), orders())
	require.ErrorContains(t, err, "acquire lease: the server says that it has given the lock, but does not hold it")
	require.NotErrorIs(t, err, eventcore.ErrLeaseHeld)
}

func TestStoresInOtherSchemasHaveLeasesOfTheirOwn(t *testing.T) {
	one, two := open(t, server.DSN(t), postgres.Config{}), open(t, server.DSN(t), postgres.Config{})
	a, b := lead(t, one), lead(t, two)
	require.NoError(t, a.Check(t.Context()))
	require.NoError(t, b.Release(t.Context()))
	require.NoError(t, a.Check(t.Context()))
}
