package sim_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// plans returns the plans of seeds 0 to n-1 of a scenario.
func plans(t *testing.T, s scenarios.Scenario, n uint64) []sim.Plan {
	t.Helper()
	var all []sim.Plan
	for seed := range n {
		all = append(all, run(t, sim.Config{Seed: seed, Backend: memoryBackend(), Scenario: s, SkipChecks: true}).Plan)
	}
	return all
}

func TestEachSeedLeavesOutWholeKindsOfFaultsAndOperations(t *testing.T) {
	if testing.Short() {
		t.Skip("counts what many seeds draw; left out with -short")
	}
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			faults, kinds := map[chaos.Kind]int{}, map[string]int{}
			quiet, clients, schedulers := 0, map[int]bool{}, map[string]bool{}
			const seeds = 120
			for _, plan := range plans(t, s, seeds) {
				kept := 0
				for _, rate := range plan.Faults.Rates {
					faults[rate.Kind]++
				}
				for name, weight := range plan.Weights {
					if weight > 0 {
						kinds[name]++
						kept++
					}
				}
				require.Positive(t, kept, "no operation is left")
				if len(plan.Faults.Rates) == 0 {
					quiet++
				}
				clients[plan.Params.Clients] = true
				schedulers[plan.Scheduler] = true
			}
			for _, info := range chaos.Kinds() {
				require.Greater(t, faults[info.Kind], seeds/5, info.Kind)
				require.Less(t, faults[info.Kind], seeds*4/5, info.Kind)
			}
			for _, kind := range s.Kinds {
				require.Positive(t, kinds[kind.Name], kind.Name)
				if len(s.Kinds) > 1 {
					require.Less(t, kinds[kind.Name], seeds, kind.Name)
				}
			}
			require.Positive(t, quiet, "no seed is free of faults")
			require.Greater(t, len(clients), 3)
			require.Len(t, schedulers, 2)
		})
	}
}

// One more draw for one purpose must not shift another: the program stays what it
// was when faults or the scheduler are chosen by hand.
func TestProgramDoesNotDependOnFaultsOrScheduler(t *testing.T) {
	for _, s := range scenarios.All() {
		base := sim.Config{Seed: 4, Backend: memoryBackend(), Scenario: s}
		quiet, turns := base, base
		quiet.Faults = noFaults()
		turns.Scheduler = "round-robin"
		want := run(t, base).Program
		require.Equal(t, want, run(t, quiet).Program)
		require.Equal(t, want, run(t, turns).Program)
	}
}

func TestFaultsDoNotDependOnTheSchedule(t *testing.T) {
	plan, err := chaos.ParsePlan("fail-before=20%")
	require.NoError(t, err)
	fired := func(scheduler string) []chaos.Fault {
		// Without retries a client makes the same calls whatever the others do.
		program := scenarios.Program{Clients: [][]scenarios.Op{slices.Repeat([]scenarios.Op{{Do: "scan"}}, 20), slices.Repeat([]scenarios.Op{{Do: "scan"}}, 20)}}
		r := run(t, sim.Config{
			Seed: 9, Backend: memoryBackend(), Scenario: scenario(t, "mixed"), Faults: &plan, Scheduler: scheduler,
			Replay: &sim.Replay{Program: program},
		})
		return slices.SortedFunc(slices.Values(r.Faults), func(a, b chaos.Fault) int { return (a.Client-b.Client)*1000 + a.Call - b.Call })
	}
	require.NotEmpty(t, fired("random"))
	require.Equal(t, fired("random"), fired("round-robin"))
}

// Stores on the simulated disk meet what a killed process left, and then lose it; and disks most
// of whose syncs work.
func TestDurableStoresMeetAKillAndThenALossOfPower(t *testing.T) {
	if testing.Short() {
		t.Skip("counts what many seeds draw; left out with -short")
	}
	const seeds = 120
	pairs, early, atSync, failing := 0, 0, 0, 0
	for seed := range uint64(seeds) {
		plan := run(t, sim.Config{Seed: seed, Backend: fileBackend(), Scenario: scenario(t, "contention"), SkipChecks: true}).Plan
		for _, rate := range plan.Faults.Rates {
			if rate.Kind == chaos.DiskFsync && rate.P >= 0.3 {
				failing++
			}
		}
		c := plan.Crashes
		if len(c) != 2 || c[0].Kind != sim.CrashProcess || c[1].Kind == sim.CrashProcess || c[1].Step-c[0].Step > 60 {
			continue
		}
		pairs++
		switch {
		case c[0].At == "sync":
			atSync++
		case c[0].Step <= 12:
			early++
		}
	}
	require.Greater(t, pairs, seeds/10)
	require.Less(t, pairs, seeds/3)
	require.Positive(t, early)
	require.Positive(t, atSync)
	require.Positive(t, failing)
	require.Less(t, failing, seeds/6)
}

// TestFaultsThatAreNotValidAreRefused with an error that names them and says what is allowed.
func TestFaultsThatAreNotValidAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		plan chaos.Plan
		want string
	}{
		"no delay":      {chaos.Explicit(chaos.Fault{Kind: chaos.Delay}), "fault delay@c0.0: a delay of 0s is not allowed; it is above 0 and at most"},
		"no kind":       {chaos.Explicit(chaos.Fault{Kind: 99, Call: 3}), "fault kind-99@c0.3: kind-99 is not a kind of fault; the kinds are fail-before, lost-request,"},
		"no time":       {chaos.Explicit(chaos.Fault{Kind: chaos.FailAfter, Delay: 1}), "fail-after takes no time; leave out ~1ns (those that do are delay, delay-after, net-delay, net-half-open)"},
		"no events":     {chaos.Explicit(chaos.Fault{Kind: chaos.Delay, After: 2, Delay: 1}), "leave out +2 (those with one are decode-error, fail-read, cancel, net-cut-result, net-half-open, net-refused)"},
		"no call":       {chaos.Explicit(chaos.Fault{Kind: chaos.FailAfter, Call: -1}), "fault fail-after@c0.-1: client and call are counted from 0"},
		"one too many":  {chaos.Explicit(chaos.Fault{Kind: chaos.FailAfter}, chaos.Fault{Kind: chaos.FailBefore}), "call 0 of client 0 already has the fault fail-after@c0.0; a call can have one"},
		"no rate":       {chaos.Plan{}.WithRate(chaos.FailAfter, 1.5), "rate fail-after=150%: the rate is above 0% and at most 100%"},
		"no rated kind": {chaos.Plan{}.WithRate(0, 0.5), "rate kind-0=50%: kind-0 is not a kind of fault; the kinds are"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "mixed"), Faults: &c.plan}
			_, err := sim.Run(t.Context(), cfg)
			require.ErrorContains(t, err, "sim: Faults: chaos: ")
			require.ErrorContains(t, err, c.want)
			_, err = sim.Batch{Runs: slices.Values([]sim.Config{cfg})}.Do(t.Context())
			require.ErrorContains(t, err, c.want)
			_, err = sim.Parallel(t.Context(), cfg)
			require.ErrorContains(t, err, c.want)
		})
	}
}
