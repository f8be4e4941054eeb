package pgstep_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/pgstep"
)

// crashing returns the stranger's backend on a server of its own that is crashed, whose
// commits are written before they are acknowledged or not.
func crashing(t *testing.T, cluster *pgtest.Cluster, synchronous string) sim.Backend {
	t.Helper()
	tracer, err := pgstep.Open(t.Context(), cluster.DSN())
	require.NoError(t, err)
	t.Cleanup(tracer.Close)
	return sim.Backend{
		Name: "stranger", Blocks: true, NetworkFaults: true,
		Open: func(ctx context.Context, _ sim.Env) (eventcore.Store, error) {
			db, err := cluster.Database(ctx)
			if err != nil {
				return nil, err
			}
			conn, err := pgx.Connect(ctx, db.DSN)
			if err != nil {
				return nil, err
			}
			_, failed := conn.Exec(ctx, strangersTables)
			if err := errors.Join(failed, conn.Close(ctx)); err != nil {
				return nil, err
			}
			pool, err := pool(ctx, pgtest.With(db.DSN, "synchronous_commit", synchronous), tracer, nil)
			if err != nil {
				return nil, err
			}
			return &closing{stranger: &stranger{pool: pool, deadlocks: new(int)}, db: db}, nil
		},
		Restart: func(ctx context.Context, store eventcore.Store) error {
			defer store.(*closing).pool.Reset()
			return cluster.Crash(ctx)
		},
		RestartTwice: func(ctx context.Context, store eventcore.Store, again int) error {
			defer store.(*closing).pool.Reset()
			return cluster.CrashTwice(ctx, again)
		},
	}
}

func TestWhatIsAcknowledgedBeforeItIsWrittenIsLostInACrashOfTheServerOnly(t *testing.T) {
	t.Setenv(pgtest.DSNVariable, "")
	cluster, err := pgtest.Start(t.Context(), pgtest.Config{Settings: []string{"wal_writer_delay=10s", "wal_writer_flush_after=1GB"}})
	if errors.Is(err, pgtest.ErrNotInstalled) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Close()) })
	crashes := &[]sim.Crash{{Kind: sim.CrashServer, At: "COMMIT"}}
	carryOut := func(synchronous string, crashes *[]sim.Crash) *sim.Result {
		r, err := sim.Run(t.Context(), sim.Config{
			Backend: crashing(t, cluster, synchronous), Scenario: small(t), Seed: 1,
			Faults: plan(t, "none"), Crashes: crashes,
		})
		require.NoError(t, err)
		require.NotEqual(t, sim.Broken, r.Verdict, r.Reason)
		return r
	}
	// The server writes its log page by page and may have written all of it, so that a crash takes
	// nothing away: that is up to the length of what came before, tables and all. Not every time.
	lost := sim.Pass
	for step := 40; step <= 120 && lost == sim.Pass; step += 20 {
		(*crashes)[0].Step = step
		r := carryOut("off", crashes)
		require.Equal(t, 1, r.Coverage.Restarts)
		lost = r.Verdict
		t.Log(step, lost, r.Reason)
	}
	require.Equal(t, sim.Violation, lost)
	require.Equal(t, sim.Pass, carryOut("off", nil).Verdict, "without the crash the bug is not found")
	right := carryOut("on", crashes)
	require.Equal(t, sim.Pass, right.Verdict, right.Reason)
	require.Equal(t, 1, right.Coverage.Restarts)
	(*crashes)[0].Again = 2
	right = carryOut("on", crashes)
	require.Equal(t, sim.Pass, right.Verdict, right.Reason)
	require.Equal(t, 2, right.Coverage.Restarts, "and once more while it recovers")
	require.Equal(t, 1, right.Coverage.RestartsAgain)
	r, err := sim.Verify(t.Context(), sim.Config{
		Backend: crashing(t, cluster, "on"), Scenario: small(t), Seed: 2, Faults: plan(t, "net-cut-after=3%"), Crashes: crashes,
	})
	require.NoError(t, err)
	require.Equal(t, sim.Pass, r.Verdict, r.Reason)
}
