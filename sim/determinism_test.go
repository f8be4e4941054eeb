package sim_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// hashes runs seeds 1 to n over all scenarios in turn and returns the trace hashes.
func hashes(t *testing.T, n int, change func(*sim.Config)) []uint64 {
	t.Helper()
	all := scenarios.All()
	var got []uint64
	for seed := range uint64(n) {
		cfg := sim.Config{Seed: seed + 1, Backend: memoryBackend(), Scenario: all[seed%uint64(len(all))]}
		change(&cfg)
		got = append(got, run(t, cfg).Trace.Hash())
	}
	return got
}

func TestSameSeedSameTraceWhateverGOMAXPROCS(t *testing.T) {
	seeds := seedCount(200, 18)
	asIs := func(*sim.Config) {}
	before := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	one := hashes(t, seeds, asIs)
	again := hashes(t, seeds, asIs)
	runtime.GOMAXPROCS(2)
	two := hashes(t, seeds, asIs)

	require.Equal(t, one, again)
	require.Equal(t, one, two)
	distinct := map[uint64]bool{}
	for _, h := range one {
		distinct[h] = true
	}
	require.Len(t, distinct, seeds, "seeds that make equal traces explore nothing new")
}

func TestGoroutineSwitchMakesTheSameTrace(t *testing.T) {
	seeds := seedCount(40, 9)
	coroutines := hashes(t, seeds, func(*sim.Config) {})
	goroutines := hashes(t, seeds, func(cfg *sim.Config) { cfg.GoroutineSwitch = true })
	require.Equal(t, coroutines, goroutines)
}

func TestChecksDoNotChangeTheRun(t *testing.T) {
	checked := run(t, sim.Config{Seed: 5, Backend: memoryBackend(), Scenario: scenario(t, "transfers")})
	unchecked := run(t, sim.Config{Seed: 5, Backend: memoryBackend(), Scenario: scenario(t, "transfers"), SkipChecks: true})
	require.Equal(t, sim.Undecided, unchecked.Verdict, "a run without checks never passes")
	// The checked run goes on with the final read.
	require.Equal(t, unchecked.Schedule, checked.Schedule[:len(unchecked.Schedule)])
}

// drifting conflicts on every nth append, counted over all runs of the process.
type drifting struct {
	eventcore.Store
	appends *int
}

func (s drifting) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	*s.appends++
	if p := w.Participants(); *s.appends%37 == 0 && len(p) > 0 {
		return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p[0].Stream, Expected: p[0].Expected, ActualUnknown: true}
	}
	return s.Store.Append(ctx, w)
}

func TestVerifyNamesTheFirstStepThatDiffers(t *testing.T) {
	appends := 0
	backend := wrapped("drifting", func(store *memory.Store) eventcore.Store { return drifting{store, &appends} })
	result, err := sim.Verify(t.Context(), sim.Config{
		Seed: 1, Backend: backend, Scenario: scenario(t, "contention"), Faults: noFaults(),
	})
	require.NoError(t, err)
	require.Equal(t, sim.NotDeterministic, result.Verdict)
	message := result.Findings[len(result.Findings)-1].Message
	require.Contains(t, message, "differ first at step")
	require.Contains(t, message, "first run:\n")
	require.Contains(t, message, "second run:\n")
	require.Contains(t, message, "> #")
}

func TestVerifyPassesADeterministicRun(t *testing.T) {
	for seed := range uint64(10) {
		result, err := sim.Verify(t.Context(), sim.Config{Seed: seed, Backend: memoryBackend(), Scenario: scenario(t, "mixed")})
		require.NoError(t, err)
		require.Equal(t, sim.Pass, result.Verdict, result.Reason)
	}
}

func TestReplayOfARunRepeatsItsTrace(t *testing.T) {
	for _, s := range scenarios.All() {
		first := run(t, sim.Config{Seed: 11, Backend: memoryBackend(), Scenario: s})
		again := run(t, sim.Config{
			Seed: 11, Backend: memoryBackend(), Scenario: s, Faults: explicit(first), Scheduler: first.Plan.Scheduler,
			Replay: &sim.Replay{Program: first.Program, Schedule: first.Schedule},
		})
		require.Nil(t, sim.Compare(first.Trace, again.Trace), s.Name)
		require.Equal(t, -1, again.ReplayDiverged)
		require.Equal(t, first.Faults, again.Faults)
	}
}

func TestReplayThatCannotBeFollowedSaysWhere(t *testing.T) {
	first := run(t, sim.Config{Seed: 3, Backend: memoryBackend(), Scenario: scenario(t, "contention"), Faults: noFaults()})
	schedule := append([]int{}, first.Schedule...)
	schedule[20] = 99
	again := run(t, sim.Config{
		Seed: 3, Backend: memoryBackend(), Scenario: scenario(t, "contention"), Faults: noFaults(),
		Replay: &sim.Replay{Program: first.Program, Schedule: schedule},
	})
	require.Equal(t, 20, again.ReplayDiverged)
	require.Equal(t, sim.Pass, again.Verdict, again.Reason)
}
