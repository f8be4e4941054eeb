package sim_test

import (
	"context"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// seedsOf yields the configuration with seeds 1 to n.
func seedsOf(cfg sim.Config, n uint64) iter.Seq[sim.Config] {
	return func(yield func(sim.Config) bool) {
		for seed := range n {
			cfg.Seed = seed + 1
			if !yield(cfg) {
				return
			}
		}
	}
}

func TestBatchDeliversInOrderWhateverTheWorkers(t *testing.T) {
	cfg := sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "contention")}
	runs := seedCount(60, 12)
	var traces [][]uint64
	var sums []uint64
	for _, workers := range []int{0, 1, 4} {
		var seeds, hashes []uint64
		batch := sim.Batch{Runs: seedsOf(cfg, uint64(runs)), Workers: workers, OnResult: func(r *sim.Result) bool {
			seeds = append(seeds, r.Seed)
			hashes = append(hashes, r.Trace.Hash())
			return true
		}}
		summary, err := batch.Do(t.Context())
		require.NoError(t, err)
		require.Equal(t, runs, summary.Runs)
		require.Equal(t, runs, summary.Verdicts[sim.Pass])
		require.Equal(t, sim.Pass, summary.Worst())
		require.IsIncreasing(t, seeds)
		traces = append(traces, hashes)
		sums = append(sums, summary.Traces)
	}
	require.Equal(t, traces[0], traces[1])
	require.Equal(t, traces[0], traces[2])
	require.Equal(t, []uint64{sums[0], sums[0], sums[0]}, sums)
}

func TestBatchStopsWhenToldTo(t *testing.T) {
	cfg := sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "contention")}
	taken := 0
	batch := sim.Batch{Runs: seedsOf(cfg, 1000), Workers: 3, OnResult: func(*sim.Result) bool {
		taken++
		return taken < 5
	}}
	summary, err := batch.Do(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, taken)
	require.Equal(t, 5, summary.Runs)
}

func TestCancelledBatchReturnsWhatEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cfg := sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "contention")}
	batch := sim.Batch{Runs: seedsOf(cfg, 100_000), Workers: 2, OnResult: func(r *sim.Result) bool {
		if r.Seed == 10 {
			cancel()
		}
		return true
	}}
	summary, err := batch.Do(ctx)
	require.NoError(t, err)
	require.GreaterOrEqual(t, summary.Runs, 10)
	require.Less(t, summary.Runs, 1000)
}

func TestBatchReturnsTheErrorOfABadConfiguration(t *testing.T) {
	batch := sim.Batch{Runs: seedsOf(sim.Config{}, 3), Workers: 2}
	_, err := batch.Do(t.Context())
	require.ErrorContains(t, err, "sim: Backend.Open is nil")
}

func TestBatchWithVerifyFindsWhatOneRunCannot(t *testing.T) {
	appends := 0
	backend := wrapped("drifting", func(store *memory.Store) eventcore.Store { return drifting{store, &appends} })
	cfg := sim.Config{Backend: backend, Scenario: scenario(t, "contention"), Faults: noFaults()}
	summary, err := sim.Batch{Runs: seedsOf(cfg, 5), Verify: true}.Do(t.Context())
	require.NoError(t, err)
	require.Equal(t, sim.NotDeterministic, summary.Worst())
}

func TestFaultThatNeverFiresMakesABatchVacuous(t *testing.T) {
	var s sim.Summary
	s.Coverage.Faults = map[chaos.Kind]sim.FaultCount{
		chaos.FailAfter:   {Fired: 0, Expected: 25},
		chaos.Delay:       {Fired: 1, Expected: 25},
		chaos.DecodeError: {Fired: 0, Expected: 3},
	}
	require.Equal(t, []string{"fault fail-after never fired although it was expected 25 times"}, s.Vacuous())
}

func TestACallThatNoFaultHitsMakesABatchVacuous(t *testing.T) {
	coverage := sim.Coverage{Calls: 1000, Overlaps: 1, Struck: map[eventcore.Operation]sim.FaultCount{
		eventcore.OpSaveCheckpoint: {Fired: 0, Expected: 25},
		eventcore.OpCheckLease:     {Fired: 1, Expected: 25},
		eventcore.OpReadAll:        {Fired: 0, Expected: 3},
	}}
	s := sim.Summary{Workloads: map[sim.Workload]*sim.WorkloadSummary{{Backend: "memory", Scenario: "leadership"}: {Runs: 100, Coverage: coverage}}}
	require.Equal(t, []string{"leadership on memory: no fault ever hit a call of save checkpoint although 25 were expected"}, s.Vacuous())
}

func TestASecondCrashThatNeverComesMakesABatchVacuous(t *testing.T) {
	const (
		ofStores = "no crash came in the middle of a recovery although 100 were to: the store recovers with fewer operations of the disk"
		ofServer = "the server never crashed in the middle of a recovery although it was to do so 4 times"
	)
	for _, test := range []struct {
		coverage sim.Coverage
		want     []string
	}{
		{sim.Coverage{Crashes: 300, Lost: 1, AgainDue: 100, Restarts: 9, RestartsAgainDue: 4}, []string{ofStores, ofServer}},
		{sim.Coverage{Crashes: 300, Lost: 1, AgainDue: 100, Again: 1, Restarts: 9, RestartsAgainDue: 4, RestartsAgain: 1}, nil},
		{sim.Coverage{Crashes: 300, Lost: 1, AgainDue: 99, Restarts: 9, RestartsAgainDue: 3}, nil},
	} {
		var s sim.Summary
		s.Coverage.Add(test.coverage)
		require.Equal(t, test.want, s.Vacuous())
	}
}

func TestScenarioWithoutConflictOrOverlapMakesABatchVacuous(t *testing.T) {
	calls := sim.Coverage{Calls: 1000, Conflicts: 1, Overlaps: 1}
	for name, test := range map[string]struct {
		runs   int
		change func(*sim.Coverage)
		want   []string
	}{
		"all there":   {100, func(*sim.Coverage) {}, nil},
		"no conflict": {100, func(c *sim.Coverage) { c.Conflicts = 0 }, []string{"contention on memory: no append ever met a version conflict in 100 runs"}},
		"no overlap":  {100, func(c *sim.Coverage) { c.Overlaps = 0 }, []string{"contention on memory: no two calls of different clients ever overlapped in 100 runs"}},
		"too few":     {3, func(c *sim.Coverage) { c.Overlaps = 0 }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			coverage := calls
			test.change(&coverage)
			s := sim.Summary{Workloads: map[sim.Workload]*sim.WorkloadSummary{{Backend: "memory", Scenario: "contention"}: {Runs: test.runs, Coverage: coverage}}}
			require.Equal(t, test.want, s.Vacuous())
		})
	}
}

// Real runs: each scenario that is made for conflicts meets some, and every kind of
// fault fires.
func TestRealBatchReachesWhatItIsMadeFor(t *testing.T) {
	if testing.Short() {
		t.Skip("fewer seeds reach less; left out with -short")
	}
	runs := func(yield func(sim.Config) bool) {
		for seed := range uint64(60) {
			for _, s := range scenarios.All() {
				if !yield(sim.Config{Seed: seed, Backend: memoryBackend(), Scenario: s}) {
					return
				}
			}
		}
	}
	summary, err := sim.Batch{Runs: runs, Workers: 2}.Do(t.Context())
	require.NoError(t, err)
	require.Empty(t, summary.Vacuous())
	for _, kind := range chaos.Kinds() {
		require.Positive(t, summary.Coverage.Faults[kind.Kind].Fired, kind.Kind)
	}
	for _, op := range []eventcore.Operation{
		eventcore.OpAppend, eventcore.OpReadStream, eventcore.OpReadAll, eventcore.OpLoadCheckpoint, eventcore.OpSaveCheckpoint,
		eventcore.OpAcquire, eventcore.OpCheckLease, eventcore.OpReleaseLease, eventcore.OpLoadSnapshot, eventcore.OpSaveSnapshot,
	} {
		require.Positive(t, summary.Coverage.Struck[op].Fired, op)
	}
	require.Len(t, summary.Ran(), len(scenarios.All()))
	for workload, of := range summary.Workloads {
		require.Positive(t, of.Coverage.Unknown, workload)
		require.Positive(t, of.Coverage.Applied, workload)
	}
}
