package sim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
)

func TestFaultsOfTheDiskAreRefusedWhereThereIsNone(t *testing.T) {
	for _, text := range []string{"disk-fsync=5%", "disk-eio-read@c0.3"} {
		_, err := sim.Run(t.Context(), sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "mixed"), Faults: requestFaults(t, text)})
		require.ErrorContains(t, err, "backend memory is not durable")
	}
	flipped := []sim.Crash{{Step: 1, Kind: sim.CrashPower, Flip: 1}}
	_, err := sim.Run(t.Context(), sim.Config{Backend: fileBackend(), Scenario: scenario(t, "mixed"), Crashes: &flipped})
	require.ErrorContains(t, err, "Backend.Checksummed")
}

func TestFaultsOfADiskThatIsNotUsedMakeRunsVacuous(t *testing.T) {
	b := sim.Backend{Name: "forgetful", Durable: true, Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return memory.New(memory.Config{Clock: env.Clock}), nil
	}}
	cfg := sim.Config{Backend: b, Scenario: scenario(t, "mixed"), Faults: requestFaults(t, "disk-fsync@c0.0")}
	require.Equal(t, sim.Vacuous, run(t, cfg).Verdict)
	cfg.Faults = requestFaults(t, "disk-fsync=5%")
	summary, err := sim.Batch{Runs: seedsOf(cfg, 20)}.Do(t.Context())
	require.NoError(t, err)
	require.Len(t, summary.Vacuous(), 1)
	require.Contains(t, summary.Vacuous()[0], "disk-fsync never fired: in 20 runs")
}

// TestARunWithFaultsOfTheDiskIsReplayed from the faults that fired.
func TestARunWithFaultsOfTheDiskIsReplayed(t *testing.T) {
	cfg := sim.Config{Seed: 4, Backend: fileBackend(), Scenario: scenario(t, "orders"), Faults: requestFaults(t, "disk-eio-read=2%, disk-fsync=10%, disk-enospc=2%, disk-eio-write=2%")}
	first, err := sim.Verify(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, sim.Pass, first.Verdict, first.Reason)
	for _, kind := range chaos.DiskKinds() {
		require.Positive(t, first.Coverage.Faults[kind.Kind].Fired, kind.Kind)
	}
	faults := chaos.Explicit(first.Faults...)
	cfg.Faults, cfg.Scheduler = &faults, first.Plan.Scheduler
	cfg.Replay = &sim.Replay{Program: first.Program, Schedule: first.Schedule}
	second := run(t, cfg)
	require.Equal(t, sim.Pass, second.Verdict, second.Reason)
	require.Nil(t, sim.Compare(first.Trace, second.Trace))
	for _, s := range first.Spans {
		require.LessOrEqual(t, s.FirstDisk, s.EndDisk)
	}
}
