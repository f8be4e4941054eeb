package sim_test

import (
	"fmt"
	"hash/fnv"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// text is all that a result says, as a hash.
func text(t *testing.T, r *sim.Result) string {
	t.Helper()
	h := fnv.New64a()
	_, err := r.Trace.WriteTo(h)
	require.NoError(t, err)
	for i := range r.Results {
		_, _ = fmt.Fprintf(h, "%+v\n", r.Results[i].Executed)
		_, _ = fmt.Fprintln(h, r.Results[i].Err, r.Results[i].Outcome, r.Results[i].Attempts)
	}
	_, _ = fmt.Fprintln(h, r.Schedule, r.Spans, r.Marks, r.Coverage)
	if r.History != nil {
		for i := range r.History.Operations {
			_, _ = fmt.Fprintln(h, &r.History.Operations[i], r.History.Operations[i].Seen)
		}
		_, _ = fmt.Fprintln(h, r.History.Final)
	}
	return fmt.Sprintf("%s %d: %s %x", r.Scenario, r.Seed, r.Verdict, h.Sum64())
}

// TestRunsOfABatchDoNotTouchOneAnother compares the results of a batch, some of which fail,
// with those of runs by themselves. They are looked at when the batch is over, so that what
// a later run writes over is seen, but for those that are given back.
func TestRunsOfABatchDoNotTouchOneAnother(t *testing.T) {
	bug, err := mutant.Lookup("lost-append")
	require.NoError(t, err)
	can, _, err := sim.Runnable(t.Context(), memoryBackend(), scenarios.All())
	require.NoError(t, err)
	runs := func(yield func(sim.Config) bool) {
		for seed := range uint64(seedCount(6, 3)) {
			for _, s := range can {
				cfg := sim.Config{Seed: seed, Backend: memoryBackend(), Scenario: s}
				if seed%3 == 1 {
					cfg.Mutant = &bug
				}
				if !yield(cfg) {
					return
				}
			}
		}
	}
	var alone []string
	failed := 0
	for cfg := range runs {
		r := run(t, cfg)
		alone = append(alone, text(t, r))
		if r.Failed() {
			failed++
		}
	}
	require.Positive(t, failed)
	for _, batch := range []sim.Batch{{}, {Workers: 2}, {Reuse: true}, {Workers: 2, Reuse: true}, {Verify: true, Reuse: true}} {
		together := make([]string, 0, len(alone))
		kept := make(map[int]*sim.Result)
		batch.Runs = runs
		batch.OnResult = func(r *sim.Result) bool {
			if batch.Reuse && r.Verdict == sim.Pass {
				together = append(together, text(t, r))
				return true
			}
			kept[len(together)] = r
			together = append(together, "")
			return true
		}
		_, err := batch.Do(t.Context())
		require.NoError(t, err)
		for i, r := range kept {
			together[i] = text(t, r)
		}
		require.Equal(t, alone, together, "workers %d, reuse %v, verify %v", batch.Workers, batch.Reuse, batch.Verify)
	}
}

// TestABatchLeavesNoGoroutines, neither of tasks nor of workers.
func TestABatchLeavesNoGoroutines(t *testing.T) {
	cfg := sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "contention")}
	before := runtime.NumGoroutine()
	_, err := sim.Batch{Runs: seedsOf(cfg, 20), Workers: 3}.Do(t.Context())
	require.NoError(t, err)
	_, err = sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	for range 10_000 { // a goroutine that has said that it ends may need a moment
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}

// TestARunThatEndsItsGoroutineLeavesABatchWhole, as one does whose store calls FailNow of a test.
func TestARunThatEndsItsGoroutineLeavesABatchWhole(t *testing.T) {
	cfg := sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "contention")}
	want := run(t, cfg).Trace.Hash()
	runs := func(yield func(sim.Config) bool) {
		broken := cfg
		broken.Scenario.Invariants = []scenarios.Invariant{{Name: "exits", Check: func(*scenarios.Final) error {
			runtime.Goexit()
			return nil
		}}}
		_ = yield(cfg) && yield(broken) && yield(cfg)
	}
	var hashes []uint64
	_, err := sim.Batch{Runs: runs, Reuse: true, OnResult: func(r *sim.Result) bool {
		hashes = append(hashes, r.Trace.Hash())
		return true
	}}.Do(t.Context())
	require.NoError(t, err)
	require.Equal(t, []uint64{want, want, want}, hashes)
}
