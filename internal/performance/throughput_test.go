package performance_test

import (
	"context"
	"iter"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgruns"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
	"github.com/eventcore-go/eventcore-sim/internal/sqliteruns"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

func inMemory() sim.Backend {
	return sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return memory.New(memory.Config{Clock: env.Clock}), nil
	}}
}

// stores are the backends as simrun has them. Without PostgreSQL the last one is missing.
func stores(t *testing.T) (all []sim.Backend, server *pgtest.Cluster) {
	t.Helper()
	files := &sqliteruns.Stores{}
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	all = []sim.Backend{
		inMemory(),
		{Name: "file", Durable: true, Checksummed: file.Checksummed, Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			return file.Open(ctx, "", file.Config{FS: env.Disk.FS(), Clock: env.Clock, IDs: eventcore.NewIDGenerator(env.Clock, env.Random)})
		}},
		{Name: "sqlite", Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			return files.Open(ctx, sqlite.Config{Clock: env.Clock, Synchronous: sqlite.SynchronousNormal}, env.Connections)
		}},
		sqliteruns.OnDisk(sqlite.SynchronousFull),
	}
	if !*write {
		return all[:1], nil // what is measured is the same
	}
	if err := pgtest.Available(); err != nil {
		t.Logf("postgres is left out: %v", err)
		return all, nil
	}
	cluster, err := pgtest.Start(t.Context(), pgtest.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Close()) })
	servers, err := pgruns.New(t.Context(), cluster)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, servers.Close()) })
	return append(all, servers.Backend()), cluster
}

// speed is what came of running seeds for a time.
type speed struct {
	runs, calls, steps int
	scenarios          int
	took               time.Duration
}

// throughput measures drawn programs under drawn faults.
func throughput(t *testing.T, e extent) section {
	s := section{
		title: "Throughput",
		before: "Drawn programs under drawn faults and crashes, every scenario in turn. A seed is one run of each. *Judged* is with history, both\n" +
			"checkers and invariants, as `simrun` does it; *bare* leaves these out. Steps are scheduling decisions.",
		header: []string{
			"backend", "seeds a second, judged, 1 / 2 processors", "bare, 1 / 2", "store calls a second, judged, 1 / 2", "bare, 1 / 2", "steps a second, bare, 1",
		},
	}
	backends, server := stores(t)
	if server != nil {
		s.after = "Making a connection to the server takes " + connecting(t, server) + " here. Faults end many, so the server's processes serve on for later ones."
	}
	for _, backend := range backends {
		var judged, bare [2]speed
		for processors := 1; processors <= 2; processors++ {
			judged[processors-1] = runs(t, e.budget, backend, processors, false)
			bare[processors-1] = runs(t, e.budget, backend, processors, true)
		}
		pair := func(of [2]speed, n func(speed) int) string {
			return rate(n(of[0]), of[0].took) + " / " + rate(n(of[1]), of[1].took)
		}
		seeds := func(s speed) int { return s.runs / s.scenarios }
		calls := func(s speed) int { return s.calls }
		s.add(backend.Name, pair(judged, seeds), pair(bare, seeds), pair(judged, calls), pair(bare, calls), rate(bare[0].steps, bare[0].took))
	}
	return s
}

// connecting measures how long it takes to connect.
func connecting(t *testing.T, server *pgtest.Cluster) string {
	t.Helper()
	const times = 20
	began := time.Now()
	for range times {
		conn, err := pgx.Connect(t.Context(), server.DSN())
		require.NoError(t, err)
		require.NoError(t, conn.Close(t.Context()))
	}
	return duration(time.Since(began) / times)
}

// runs runs seeds until the time is over, and each scenario at least once.
func runs(t *testing.T, budget time.Duration, backend sim.Backend, processors int, bare bool) speed {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
	can, _, err := sim.Runnable(t.Context(), backend, scenarios.All())
	require.NoError(t, err)
	began := time.Now()
	all := iter.Seq[sim.Config](func(yield func(sim.Config) bool) {
		for seed := uint64(1); seed == 1 || time.Since(began) < budget; seed++ {
			for _, scenario := range can {
				if !yield(sim.Config{Seed: seed, Backend: backend, Scenario: scenario, SkipChecks: bare}) {
					return
				}
			}
		}
	})
	s := speed{scenarios: len(can)}
	_, err = sim.Batch{Runs: all, Workers: processors, Reuse: true, OnResult: func(r *sim.Result) bool {
		if !bare {
			require.Equal(t, sim.Pass, r.Verdict, "%s %s seed %d: %s", r.Backend, r.Scenario, r.Seed, r.Reason)
		}
		s.runs, s.calls, s.steps = s.runs+1, s.calls+r.Coverage.Calls, s.steps+r.Steps
		return true
	}}.Do(t.Context())
	require.NoError(t, err)
	s.took = time.Since(began)
	return s
}
