package pgstep_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim/pgstep"
)

// connected returns a connection that is known by that name.
func connected(t *testing.T, dsn, name string) *pgx.Conn {
	t.Helper()
	cfg, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	cfg.RuntimeParams["application_name"] = name
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) }) // it may be broken
	return conn
}

// TestWhoWaitsIsEndedBeforeWhomItWaitsFor: the server ends sessions in the order in which they
// began where it is told to end all, and the later one is given the lock and commits.
func TestWhoWaitsIsEndedBeforeWhomItWaitsFor(t *testing.T) {
	dsn := server.DSN(t)
	steps, err := pgstep.Open(t.Context(), dsn)
	require.NoError(t, err)
	defer steps.Close()
	watch := connected(t, dsn, "watch")
	exec := func(conn *pgx.Conn, sql string) {
		t.Helper()
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	exec(watch, "CREATE TABLE kept (n int)")
	exec(watch, "INSERT INTO kept VALUES (0)")
	first, second := connected(t, dsn, "killed"), connected(t, dsn, "killed")
	exec(first, "BEGIN")
	exec(first, "UPDATE kept SET n = 1")
	failed := make(chan error)
	go func() {
		_, err := second.Exec(context.WithoutCancel(t.Context()), "UPDATE kept SET n = 2")
		failed <- err
	}()
	require.Eventually(t, func() bool {
		var waits bool
		require.NoError(t, watch.QueryRow(t.Context(), "SELECT cardinality(pg_blocking_pids($1)) > 0", int32(second.PgConn().PID())).Scan(&waits))
		return waits
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, steps.Kill(t.Context(), "killed"))
	require.Error(t, <-failed)
	var n int
	require.NoError(t, watch.QueryRow(t.Context(), "SELECT n FROM kept").Scan(&n))
	require.Zero(t, n)
}
