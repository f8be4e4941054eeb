package pgstep_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim/pgstep"
)

// state is the state of a process, as in S for one that sleeps.
func state(t *testing.T, pid int) string {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(stat), ") ")
	require.True(t, found)
	return rest[:1]
}

// TestWhoClosesACircleIsItsVictimAlsoWhereAnotherProcessIsLate: a session waits, and its process
// is stopped before it has looked for a deadlock, as one is that a busy machine gives no time. It
// would look once the circle is closed, and long before the one that closes it does.
func TestWhoClosesACircleIsItsVictimAlsoWhereAnotherProcessIsLate(t *testing.T) {
	const (
		looks   = 200 * time.Millisecond // the time after which the one that waits looks
		closers = time.Second            // the same of the one that closes the circle
		stopped = 300 * time.Millisecond
	)
	dsn := server.DSN(t)
	if cluster, err := server.Cluster(); err != nil || !cluster.CanCrash() {
		t.Skip("the server's processes are not ours to stop")
	}
	steps, err := pgstep.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(steps.Close)
	run := new(int)
	session := func(row int, timeout time.Duration) (*pgx.Conn, *loose, context.Context) {
		cfg, err := pgx.ParseConfig(dsn)
		require.NoError(t, err)
		cfg.Tracer = steps
		conn, err := pgx.ConnectConfig(t.Context(), cfg)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
		_, err = conn.Exec(t.Context(), fmt.Sprintf("SET deadlock_timeout = '%dms'", timeout.Milliseconds()))
		require.NoError(t, err)
		task, ctx := begun(t, conn, run, "UPDATE circle SET n = n + 1 WHERE id = $1", row)
		return conn, task, ctx
	}
	admin := connected(t, dsn, "admin")
	_, err = admin.Exec(t.Context(), "CREATE TABLE circle (id int PRIMARY KEY, n int NOT NULL); INSERT INTO circle VALUES (1, 0), (2, 0)")
	require.NoError(t, err)
	waiting, task, ctx := session(1, looks)
	closing, _, closingCtx := session(2, closers)

	waited := make(chan error, 1)
	go func() {
		_, err := waiting.Exec(ctx, "UPDATE circle SET n = n + 1 WHERE id = 2")
		waited <- err
	}()
	<-task.held
	pid := int(waiting.PgConn().PID())
	process, err := os.FindProcess(pid)
	require.NoError(t, err)
	// It sleeps once its time runs.
	require.Eventually(t, func() bool { return state(t, pid) == "S" }, 10*time.Second, time.Millisecond)
	require.NoError(t, process.Signal(syscall.SIGSTOP))
	goesOn := make(chan error, 1)
	time.AfterFunc(stopped, func() { goesOn <- process.Signal(syscall.SIGCONT) })

	_, err = closing.Exec(closingCtx, "UPDATE circle SET n = n + 1 WHERE id = 1")
	require.NoError(t, <-goesOn)
	var victim *pgconn.PgError
	require.ErrorAs(t, err, &victim, "the one that closes the circle is not its victim")
	require.Equal(t, "40P01", victim.Code)
	_, err = closing.Exec(closingCtx, "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, <-waited)
}
