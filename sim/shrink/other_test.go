package shrink_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

// TestARunIsShrunkOnAFastBackendWithoutWhatCannotBefallIt: faults of requests and of the disk, and
// crashes, of which the fast backend would refuse a run.
func TestARunIsShrunkOnAFastBackendWithoutWhatCannotBefallIt(t *testing.T) {
	m, err := mutant.Lookup("duplicate-append")
	require.NoError(t, err)
	onDisk := failing(t, m, fileBackend(), "disk-eio-write=5%, fail-before=1%", func(r *sim.Result) bool {
		return slices.ContainsFunc(r.Faults, func(f chaos.Fault) bool { return f.Kind.OnDisk() })
	})
	served := memoryBackend()
	served.Name, served.Blocks = "served", true
	served.Restart = func(context.Context, eventcore.Store) error { return nil }
	restarted := failing(t, m, served, "fail-after=10%", func(r *sim.Result) bool { return len(r.Crashes) > 0 }, sim.Crash{Step: 5, Kind: sim.CrashServer})
	killable := memoryBackend()
	killable.Kill = served.Restart
	for name, c := range map[string]struct {
		failed     *sim.Result
		slow, fast sim.Backend
	}{
		"no disk":        {onDisk, fileBackend(), memoryBackend()},
		"no server":      {restarted, served, memoryBackend()},
		"killed only":    {restarted, served, killable},
		"crashes itself": {restarted, served, fileBackend()},
	} {
		t.Run(name, func(t *testing.T) {
			var opened atomic.Int64
			open := c.fast.Open
			c.fast.Name, c.fast.Open = "fast", func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
				opened.Add(1)
				return open(ctx, env)
			}
			opts := bounded(100)
			opts.Fast = &c.fast
			outcome := shrunk(t, c.failed, c.slow, opts)
			require.Equal(t, shrink.ClassOf(c.failed), shrink.ClassOf(outcome.Result))
			require.Positive(t, opened.Load(), "each run is refused")
			require.Equal(t, c.slow.Name, outcome.Result.Backend)
		})
	}
}

// failing returns a run that a mutant fails in an append, and that has what is asked for.
func failing(t *testing.T, m mutant.Mutant, b sim.Backend, faults string, has func(*sim.Result) bool, crashes ...sim.Crash) *sim.Result {
	t.Helper()
	plan, err := chaos.ParsePlan(faults)
	require.NoError(t, err)
	s, err := scenarios.Lookup("mixed")
	require.NoError(t, err)
	for seed := range uint64(500) {
		r, err := sim.Run(t.Context(), sim.Config{Seed: seed, Backend: b, Scenario: s, Mutant: &m, Faults: &plan, Crashes: &crashes})
		require.NoError(t, err)
		if r.Verdict == sim.Violation && has(r) {
			return r
		}
	}
	require.Fail(t, "no seed fails so")
	return nil
}
