package pgstep_test

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim"
)

var (
	firstSeed = flag.Uint64("pgstep.seed", 1, "first seed of TestEveryStoreRunsTheSameTwice")
	moreSeeds = flag.Uint64("pgstep.seeds", 0, "number of its seeds for each store; 0: it is skipped")
)

// TestEveryStoreRunsTheSameTwice is for a machine that is busy with other things:
//
//	go test ./sim/pgstep -run TestEveryStoreRunsTheSameTwice -pgstep.seeds=20
func TestEveryStoreRunsTheSameTwice(t *testing.T) {
	if *moreSeeds == 0 {
		t.Skip("a seed takes half a minute; set -pgstep.seeds")
	}
	const network = "net-cut-before=2%, net-cut-request=2%, net-cut-after=2%, net-cut-result=2%, net-delay=4%, " +
		"net-half-open=2%, end-session=2%, net-refused=2%, cancel=4%"
	for name, store := range map[string]struct {
		like        stranger
		connections int32
		faults      string // "": those of the seed
	}{
		"drawn":                {stranger{}, 10, ""},
		"few connections":      {stranger{}, 2, ""},
		"deadlocks":            {stranger{unordered: true}, 10, ""},
		"given up":             {stranger{careless: true}, 10, "cancel=10%, fail-read=5%, end-session=3%"},
		"row by row":           {stranger{lazy: true}, 10, "cancel=10%, net-cut-result=5%"},
		"statement for itself": {stranger{piecemeal: true}, 10, ""},
		"network":              {stranger{}, 3, network},
		"copying":              {stranger{copying: true}, 3, network},
		"all at once":          {stranger{unordered: true, lazy: true, careless: true}, 10, network},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := backend(t, store.like, store.connections, true)
			cfg := sim.Config{Backend: killed(t, b)}
			if store.faults != "" {
				cfg.Faults = plan(t, store.faults)
			}
			for cfg.Seed = *firstSeed; cfg.Seed < *firstSeed+*moreSeeds; cfg.Seed++ {
				runsTheSameTwice(t, cfg)
			}
		})
	}
}

func runsTheSameTwice(t *testing.T, cfg sim.Config) {
	t.Helper()
	workloads := []string{"transfers", "contention", "write-skew"}
	cfg.Scenario = scenario(t, workloads[cfg.Seed%uint64(len(workloads))])
	cfg.Scenario.Params.OpsPerClient = 8
	r, err := sim.Verify(t.Context(), cfg)
	require.NoError(t, err)
	require.Empty(t, r.Stall)
	// Some of the stores are wrong.
	require.Contains(t, []sim.Verdict{sim.Pass, sim.Violation}, r.Verdict, "seed %d: %s", cfg.Seed, r.Reason)
}
