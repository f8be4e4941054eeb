package sim_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// fileBackend is the file backend on the run's disk.
func fileBackend() sim.Backend {
	return sim.Backend{Name: "file", Durable: true, Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		return file.Open(ctx, "", file.Config{FS: env.Disk.FS(), Clock: env.Clock, IDs: eventcore.NewIDGenerator(env.Clock, env.Random)})
	}}
}

func TestCallsThatACrashCutsOffHaveAnUnknownOutcome(t *testing.T) {
	// Without other faults nothing else leaves an outcome unknown.
	unknown, crashes, again := 0, 0, 0
	seeds := seedCount(20, 8)
	for seed := uint64(1); seed <= uint64(seeds); seed++ {
		all := []sim.Crash{{Step: 100, Kind: sim.CrashPower}, {Step: 200, Kind: sim.CrashReordered, Again: 3}, {Step: 300, Kind: sim.CrashProcess}}
		r := run(t, sim.Config{Seed: seed, Backend: fileBackend(), Scenario: scenario(t, "transfers"), Faults: &chaos.Plan{}, Crashes: &all})
		require.Equal(t, sim.Pass, r.Verdict, r.Reason)
		unknown += r.Coverage.Unknown
		crashes += len(r.Crashes)
		again += r.Coverage.Again
	}
	require.Positive(t, unknown)
	require.Greater(t, crashes, 2*seeds)
	require.Positive(t, again)
}

// A store that has recovered before is not crashed once more; that is seen.
func TestCrashesInTheMiddleOfARecoveryAreCountedApart(t *testing.T) {
	counted := func(again ...int) sim.Coverage {
		var all []sim.Crash
		for i, again := range again {
			all = append(all, sim.Crash{Step: 50 * (i + 1), Kind: sim.CrashPower, Again: again})
		}
		r := run(t, sim.Config{Seed: 1, Backend: fileBackend(), Scenario: scenario(t, "transfers"), Faults: &chaos.Plan{}, Crashes: &all})
		require.Equal(t, sim.Pass, r.Verdict, r.Reason)
		require.Len(t, r.Crashes, len(all))
		return r.Coverage
	}
	const never = 1 << 20
	none, one, late := counted(0, 0, 0), counted(0, 2, 0), counted(0, never, never)
	require.Equal(t, []int{3, 0, 0}, []int{none.Crashes, none.Again, none.AgainDue})
	require.Equal(t, []int{1, 1}, []int{one.Again, one.AgainDue})
	require.Greater(t, one.Crashes, 3)
	require.Equal(t, []int{3, 0, 2}, []int{late.Crashes, late.Again, late.AgainDue}, "the recovery has fewer operations")
}

func TestARunWithCrashesIsReplayedToTheSameTrace(t *testing.T) {
	crashes := 0
	for seed := uint64(1); seed <= uint64(seedCount(20, 8)); seed++ {
		first := run(t, sim.Config{Seed: seed, Backend: fileBackend(), Scenario: scenario(t, "orders")})
		faults := chaos.Explicit(first.Faults...)
		second := run(t, sim.Config{
			Seed: seed, Backend: fileBackend(), Scenario: scenario(t, "orders"), Scheduler: first.Plan.Scheduler, Faults: &faults,
			Crashes: &first.Crashes, Replay: &sim.Replay{Program: first.Program, Schedule: first.Schedule},
		})
		require.Nil(t, sim.Compare(first.Trace, second.Trace))
		crashes += len(first.Crashes)
	}
	require.Positive(t, crashes)
}

func TestCrashesThatCannotBeAreRefused(t *testing.T) {
	killed := memoryBackend()
	killed.Kill = func(context.Context, eventcore.Store) error { return nil }
	restarted := memoryBackend()
	restarted.Restart = killed.Kill
	for name, c := range map[string]struct {
		backend sim.Backend
		crashes []sim.Crash
		want    string
	}{
		"not durable": {memoryBackend(), []sim.Crash{{Step: 1, Kind: sim.CrashPower}}, "backend memory is not durable"},
		"no kind":     {fileBackend(), []sim.Crash{{Step: 1}}, "give a step ≥ 1, a kind of [power torn reordered process server]"},
		"no step":     {fileBackend(), []sim.Crash{{Kind: sim.CrashPower}}, "give a step ≥ 1"},
		"no server":   {fileBackend(), []sim.Crash{{Step: 1, Kind: sim.CrashServer}}, "crash (server) at step 1: backend file is not durable, or has no server that can be crashed"},
		"no recovery": {killed, []sim.Crash{{Step: 1, Kind: sim.CrashProcess, Again: 2}}, "backend memory does not recover on the simulated disk"},
		"once only":   {restarted, []sim.Crash{{Step: 1, Kind: sim.CrashServer, Again: 2}}, "crash (server) at step 1, again while it recovers (2): backend memory does not recover on the simulated disk then, and has no Backend.RestartTwice"},
		"order":       {fileBackend(), []sim.Crash{{Step: 2, Kind: sim.CrashPower}, {Step: 2, Kind: sim.CrashPower}}, "put them in the order of their steps"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sim.Run(t.Context(), sim.Config{Backend: c.backend, Scenario: scenario(t, "mixed"), Crashes: &c.crashes})
			require.ErrorContains(t, err, c.want)
		})
	}
}

// TestEachCrashOfAServerIsTheBackendsOwn: what ends a store's sessions is not what crashes its
// server, nor what does so twice.
func TestEachCrashOfAServerIsTheBackendsOwn(t *testing.T) {
	var called []string
	b := memoryBackend()
	b.Kill = func(context.Context, eventcore.Store) error { called = append(called, "kill"); return nil }
	b.Restart = func(context.Context, eventcore.Store) error { called = append(called, "restart"); return nil }
	b.RestartTwice = func(_ context.Context, _ eventcore.Store, again int) error {
		called = append(called, fmt.Sprint("twice ", again))
		return nil
	}
	crashes := []sim.Crash{
		{Step: 2, Kind: sim.CrashServer},
		{Step: 4, Kind: sim.CrashProcess},
		{Step: 6, Kind: sim.CrashServer, Again: 7},
		{Step: 8, Kind: sim.CrashProcess},
	}
	r := run(t, sim.Config{Backend: b, Scenario: scenario(t, "mixed"), Faults: &chaos.Plan{}, Crashes: &crashes})
	require.Equal(t, []string{"restart", "kill", "twice 7", "kill"}, called)
	require.Equal(t, []int{2, 3, 1, 1}, []int{r.Coverage.Kills, r.Coverage.Restarts, r.Coverage.RestartsAgain, r.Coverage.RestartsAgainDue})
}

// A server that is said to crash in the middle of its recovery is told so, and counted twice.
func TestAServerCrashesInItsRecovery(t *testing.T) {
	if testing.Short() {
		t.Skip("counts what many seeds draw; left out with -short")
	}
	var once, twice, later, again int
	b := memoryBackend()
	b.Restart = func(context.Context, eventcore.Store) error {
		once++
		return nil
	}
	crashes := func() (n int) {
		for seed := range uint64(200) {
			r := run(t, sim.Config{Seed: seed, Backend: b, Scenario: scenario(t, "mixed"), SkipChecks: true})
			n += r.Coverage.Restarts
			again += r.Coverage.RestartsAgain
			for _, c := range r.Crashes {
				if c.Again > 1 {
					later++
				}
			}
		}
		return n
	}
	require.Positive(t, crashes())
	require.Zero(t, later, "there is no hook for it")
	require.Zero(t, again)
	before := once
	once = 0
	b.RestartTwice = func(_ context.Context, _ eventcore.Store, again int) error {
		require.Positive(t, again)
		twice++
		return nil
	}
	require.Equal(t, before+twice, crashes())
	require.Equal(t, before, once+twice, "the same crashes, some of them once more")
	require.Positive(t, once)
	require.Positive(t, later)
	require.Positive(t, twice)
	require.Equal(t, twice, again)
	b.RestartTwice = func(context.Context, eventcore.Store, int) error { return errors.New("it does not start") }
	crashes()
	require.Equal(t, twice, again, "nobody knows of one")
}

// The seeds that simrun takes by itself on PostgreSQL crash a server, and one in the middle of its
// recovery.
func TestAFewSeedsCrashAServerInItsRecovery(t *testing.T) {
	b := memoryBackend()
	b.Restart = func(context.Context, eventcore.Store) error { return nil }
	b.RestartTwice = func(context.Context, eventcore.Store, int) error { return nil }
	restarts, again := 0, 0
	for _, s := range scenarios.All() {
		for seed := uint64(1); seed <= 4; seed++ {
			r := run(t, sim.Config{Seed: seed, Backend: b, Scenario: s})
			require.Equal(t, sim.Pass, r.Verdict, r.Reason)
			restarts += r.Coverage.Restarts
			again += r.Coverage.RestartsAgain
		}
	}
	require.Greater(t, restarts, 2*again, "and some recover in peace")
	require.Positive(t, again)
}
