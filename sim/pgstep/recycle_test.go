package pgstep_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/pgstep"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// only is a task that is alone in its run.
type only struct{}

func (only) Yield(string)                              {}
func (only) Wait(string, func() bool)                  {}
func (only) Outside(string, func() bool) (back func()) { return func() {} }
func (only) Run() any                                  { return only{} }
func (only) Stopping() bool                            { return false }

// recycler makes sessions of a run whose processes serve on.
type recycler struct {
	t     *testing.T
	ctx   context.Context
	dsn   string
	steps *pgstep.Steps
}

func recycling(t *testing.T, most int) *recycler {
	t.Helper()
	dsn := server.DSN(t)
	steps, err := pgstep.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(steps.Close)
	steps.Recycle(most)
	return &recycler{t, yield.NewContext(t.Context(), only{}), dsn, steps}
}

// connect returns a session of that name, and the server's process.
func (r *recycler) connect(name string) (*pgx.Conn, uint32) {
	r.t.Helper()
	cfg, err := pgx.ParseConfig(r.dsn)
	require.NoError(r.t, err)
	cfg.Tracer = r.steps
	cfg.RuntimeParams["application_name"] = name
	cfg.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn}
	}
	conn, err := pgx.ConnectConfig(r.ctx, cfg)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(r.t.Context())) }) // it may be closed
	pid := r.number(conn, "SELECT pg_backend_pid()")
	require.Equal(r.t, conn.PgConn().PID(), uint32(pid), "pgx is told what process it has")
	return conn, uint32(pid)
}

func (r *recycler) exec(conn *pgx.Conn, sql string) {
	r.t.Helper()
	_, err := conn.Exec(r.ctx, sql)
	require.NoError(r.t, err)
}

func (r *recycler) number(conn *pgx.Conn, sql string) (n int) {
	r.t.Helper()
	require.NoError(r.t, conn.QueryRow(r.ctx, sql).Scan(&n))
	return n
}

func TestARecycledSessionHasNothingOfTheOneBefore(t *testing.T) {
	for _, end := range []struct {
		name string
		does func(*pgx.Conn) error
	}{
		{"by a last word", func(conn *pgx.Conn) error { return conn.Close(t.Context()) }},
		{"without a word", func(conn *pgx.Conn) error { return conn.PgConn().Conn().Close() }},
	} {
		t.Run(end.name, func(t *testing.T) {
			r := recycling(t, 4)
			watch := connected(t, r.dsn, "watch")
			r.exec(watch, "SET lock_timeout = '5s'")
			first, pid := r.connect("first")
			r.exec(first, "CREATE TABLE kept (n int)")
			r.exec(first, "SET work_mem = '1MB'")
			r.exec(first, "CREATE TEMPORARY TABLE own (n int)")
			r.exec(first, "LISTEN channel")
			r.exec(first, "SELECT pg_advisory_lock(7)")
			_, err := first.Prepare(r.ctx, "kept", "SELECT count(*) FROM kept")
			require.NoError(t, err)
			r.exec(first, "BEGIN")
			r.exec(first, "INSERT INTO kept VALUES (1)")
			require.NoError(t, end.does(first))

			require.Equal(t, 1, r.number(watch, "SELECT pg_try_advisory_lock(7)::int"), "the lock is free once the end is over")
			r.exec(watch, "SELECT pg_advisory_unlock(7)")
			require.Zero(t, r.number(watch, "SELECT count(*) FROM kept"))
			r.exec(watch, "DROP TABLE kept")

			second, now := r.connect("first")
			require.Equal(t, pid, now, "the process serves on")
			var memory string
			require.NoError(t, second.QueryRow(r.ctx, "SHOW work_mem").Scan(&memory))
			require.Equal(t, "4MB", memory)
			require.Zero(t, r.number(second, "SELECT count(*) FROM pg_listening_channels()"))
			require.Zero(t, r.number(second, "SELECT count(*) FROM pg_prepared_statements WHERE name = 'kept'"))
			require.Equal(t, 1, r.number(second, "SELECT (to_regclass('own') IS NULL)::int"))
			require.Equal(t, byte('I'), second.PgConn().TxStatus())
			_, err = first.Exec(r.ctx, "SELECT 1")
			require.Error(t, err, "who had it before has it no more")
			require.Equal(t, 1, r.number(second, "SELECT 1"))
			require.NoError(t, second.Close(r.ctx))
		})
	}
}

func TestASessionIsRecycledForItsLikeOnly(t *testing.T) {
	r := recycling(t, 1)
	first, pid := r.connect("first")
	require.NoError(t, first.Close(r.ctx))
	other, another := r.connect("other")
	require.NotEqual(t, pid, another)
	// There is room for one.
	require.NoError(t, other.Close(r.ctx))
	_, now := r.connect("first")
	require.NotEqual(t, pid, now)
	_, now = r.connect("other")
	require.Equal(t, another, now)
}

func TestASessionIsEndedThatIsInTheMiddleOfSomething(t *testing.T) {
	for name, busy := range map[string]func(*recycler, *pgx.Conn){
		"an answer is not read": func(r *recycler, conn *pgx.Conn) {
			_, err := conn.Query(r.ctx, "SELECT repeat('x', 1000) FROM generate_series(1, 100000)") //nolint:sqlclosecheck // on purpose
			require.NoError(t, err)
			require.NoError(t, conn.PgConn().Conn().Close())
		},
		"a request is not whole": func(r *recycler, conn *pgx.Conn) {
			conn.PgConn().Frontend().SendParse(&pgproto3.Parse{Query: "SELECT 1"})
			require.NoError(t, conn.PgConn().Frontend().Flush())
			require.NoError(t, conn.PgConn().Conn().Close())
		},
		"it is to be cancelled": func(r *recycler, conn *pgx.Conn) {
			require.NoError(t, conn.PgConn().CancelRequest(r.ctx))
			require.NoError(t, conn.Close(r.ctx))
		},
		"the server has ended it": func(r *recycler, conn *pgx.Conn) {
			watch := connected(r.t, r.dsn, "watch")
			r.exec(watch, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'busy'")
			require.NoError(t, conn.Close(r.ctx))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := recycling(t, 4)
			conn, pid := r.connect("busy")
			busy(r, conn)
			watch := connected(t, r.dsn, "watch")
			require.Zero(t, r.number(watch, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'busy'"))
			_, now := r.connect("busy")
			require.NotEqual(t, pid, now)
		})
	}
}

func TestARecycledProcessThatIsGoneIsNotGivenOut(t *testing.T) {
	r := recycling(t, 4)
	first, pid := r.connect("gone")
	require.NoError(t, first.Close(r.ctx))
	watch := connected(t, r.dsn, "watch")
	r.exec(watch, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'gone'")
	_, now := r.connect("gone")
	require.NotEqual(t, pid, now)
}

// TestKillFindsNoSessionThatHasEnded: to the run, there is none.
func TestKillFindsNoSessionThatHasEnded(t *testing.T) {
	r := recycling(t, 4)
	ended, pid := r.connect("killed")
	require.NoError(t, ended.Close(r.ctx))
	require.NoError(t, r.steps.Kill(r.ctx, "killed"))
	first, now := r.connect("killed")
	require.Equal(t, pid, now)
	require.NoError(t, r.steps.Kill(r.ctx, "killed"))
	_, err := first.Exec(r.ctx, "SELECT 1")
	require.Error(t, err)
	_, now = r.connect("killed")
	require.NotEqual(t, pid, now, "one that lives is ended")
}

func TestClosingEndsRecycledProcesses(t *testing.T) {
	r := recycling(t, 4)
	first, pid := r.connect("closed")
	require.NoError(t, first.Close(r.ctx))
	r.steps.Close()
	watch := connected(t, r.dsn, "watch")
	require.Eventually(t, func() bool {
		return r.number(watch, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'closed'") == 0
	}, 10*time.Second, time.Millisecond, "process %d", pid)
}

// TestRecyclingLeavesARunAsItIs: whether a process is a new one is up to the runs before.
func TestRecyclingLeavesARunAsItIs(t *testing.T) {
	s := small(t)
	first := func(b sim.Backend, _ *int) sim.Backend { return b }
	for _, like := range []stranger{{}, {copying: true}, {careless: true}, {pinged: true}} {
		r := recycling(t, 8)
		ended := first(backend(t, like, 10, true))
		made, processes := 0, map[uint32]bool{}
		recycled := first(backendWith(t, like, func(cfg *pgxpool.Config) {
			cfg.ConnConfig.Tracer = r.steps
			cfg.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
				made++
				processes[conn.PgConn().PID()] = true
				return nil
			}
		}))
		faults := ""
		for _, kind := range chaos.RequestKinds() {
			faults += kind.Kind.String() + "=3%,"
		}
		fired := 0
		for seed := range uint64(2) {
			cfg := sim.Config{Backend: ended, Scenario: s, Seed: seed, Faults: plan(t, faults[:len(faults)-1])}
			one, err := sim.Run(t.Context(), cfg)
			require.NoError(t, err)
			cfg.Backend = recycled
			other, err := sim.Run(t.Context(), cfg)
			require.NoError(t, err)
			require.Equal(t, sim.Pass, other.Verdict, other.Reason)
			if d := sim.Compare(one.Trace, other.Trace); d != nil {
				require.Fail(t, d.Error())
			}
			fired += len(other.Faults)
		}
		require.Positive(t, fired)
		require.Less(t, len(processes), made, "none was recycled")
	}
}
