package file_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/internal/restless"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// firstFailure runs seeds over all scenarios, each as the configuration has it, until one
// fails.
func firstFailure(t *testing.T, seeds uint64, change func(cfg *sim.Config)) *sim.Result {
	t.Helper()
	for seed := uint64(1); seed <= seeds; seed++ {
		for _, s := range scenarios.All() {
			cfg := sim.Config{Seed: seed, Backend: simulated(), Scenario: s}
			change(&cfg)
			r, err := sim.Run(t.Context(), cfg)
			require.NoError(t, err)
			if r.Failed() {
				return r
			}
		}
	}
	return nil
}

// withoutDiskFaults is the plan of the seed without those of the disk.
func withoutDiskFaults(t *testing.T, r *sim.Result) *chaos.Plan {
	t.Helper()
	plan := r.Plan.Faults
	plan.Rates = slices.DeleteFunc(slices.Clone(plan.Rates), func(rate chaos.Rate) bool { return rate.Kind.OnDisk() })
	return &plan
}

// TestABugThatOnlyADiskFaultShowsIsFound: the same seed passes without the bug, and with it
// where the disk has no faults.
func TestABugThatOnlyADiskFaultShowsIsFound(t *testing.T) {
	budgets := map[string]uint64{"ignored-sync-failure": 60, "sync-failure-as-not-applied": 12}
	for _, m := range mutant.OfDiskFaults() {
		t.Run(m.Name, func(t *testing.T) {
			budget, promised := budgets[m.Name]
			require.True(t, promised, "no budget is stated for this mutant")
			if testing.Short() && budget > 12 {
				t.Skip("takes many seeds; left out with -short")
			}
			r := firstFailure(t, budget, func(cfg *sim.Config) { cfg.Mutant = &m })
			require.NotNil(t, r, "not found within %d seeds", budget)
			require.Equal(t, sim.Violation, r.Verdict, r.Reason)
			require.Positive(t, r.Coverage.Faults[chaos.DiskFsync].Fired)
			t.Logf("seed %d in %s: %s: %s", r.Seed, r.Scenario, r.Findings[0].Name, r.Findings[0].Message)
			same := func(cfg *sim.Config) {
				cfg.Seed = r.Seed
				cfg.Scenario, _ = scenarios.Lookup(r.Scenario)
			}
			require.Nil(t, firstFailure(t, 1, same), "it is there without the mutant too")
			require.Nil(t, firstFailure(t, 1, func(cfg *sim.Config) {
				same(cfg)
				cfg.Mutant, cfg.Faults, cfg.Crashes = &m, withoutDiskFaults(t, r), &r.Plan.Crashes
			}), "it shows without faults of the disk")
		})
	}
}

// cuttingOff is a store that opens where a file is damaged with what was there before it, as
// some logs do.
func cuttingOff() sim.Backend {
	right := simulated()
	cut := right
	cut.Open = func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		for {
			store, err := right.Open(ctx, env)
			if !errors.Is(err, file.ErrDamaged) {
				return store, err
			}
			files := env.Disk.FS()
			names, failed := files.ReadDir("events")
			if failed != nil || len(names) == 0 {
				return nil, errors.Join(err, failed)
			}
			// The IDs grow, so the last name is that of the newest append.
			if err := files.Remove("events/" + names[len(names)-1]); err != nil {
				return nil, err
			}
			if err := files.Remove("state/head"); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	return cut
}

// TestDamageThatIsNotReportedIsFound: the bug shows where a bit flips, and nowhere else.
func TestDamageThatIsNotReportedIsFound(t *testing.T) {
	const budget = 3
	r := firstFailure(t, budget, func(cfg *sim.Config) { cfg.Backend = cuttingOff() })
	require.NotNil(t, r, "not found within %d seeds", budget)
	require.Equal(t, "damage not reported", r.Findings[0].Name)
	t.Logf("seed %d in %s: %s", r.Seed, r.Scenario, r.Findings[0].Message)
	require.Nil(t, firstFailure(t, budget, func(cfg *sim.Config) {
		cfg.Backend = cuttingOff()
		cfg.Backend.Checksummed = nil
	}), "it shows without a flipped bit")
}

// TestEveryBitThatFlipsWithACrashIsReported, wherever in the events it lies, and the runs are what they
// are in every repetition.
func TestEveryBitThatFlipsWithACrashIsReported(t *testing.T) {
	flips, reported := 0, 0
	for seed := uint64(1); seed <= 12; seed++ {
		crashes := []sim.Crash{
			{Step: 150, Kind: sim.CrashPower, Flip: 1 + prng.New(seed, "bit").IntN(1<<20)},
			{Step: 300, Kind: sim.CrashTorn, Again: 4, Flip: 1 + prng.New(seed, "other bit").IntN(1<<20)},
			{Step: 450, Kind: sim.CrashProcess, Flip: 1},
		}
		s, err := scenarios.Lookup("mixed")
		require.NoError(t, err)
		r, err := sim.Verify(t.Context(), sim.Config{Seed: seed, Backend: simulated(), Scenario: s, Crashes: &crashes})
		require.NoError(t, err)
		require.Equal(t, sim.Pass, r.Verdict, r.Reason)
		flips += r.Coverage.Flips
		reported += r.Coverage.FlipsReported
	}
	require.Equal(t, flips, reported)
	require.Greater(t, flips, 12)
}

// TestARestlessDisk has many more faults than seeds draw, and crashes between them.
func TestARestlessDisk(t *testing.T) {
	plan, err := chaos.ParsePlan("disk-eio-read=3%, disk-eio-write=5%, disk-enospc=5%, disk-fsync=15%")
	require.NoError(t, err)
	seeds := uint64(6)
	if testing.Short() {
		seeds = 2
	}
	fired := map[chaos.Kind]int{}
	r := firstFailure(t, seeds, func(cfg *sim.Config) {
		cfg.Faults, cfg.Crashes = &plan, restless.Crashes(cfg.Seed)
	})
	if r != nil {
		require.Failf(t, "a run failed", "seed %d in %s: %s %s", r.Seed, r.Scenario, r.Verdict, r.Reason)
	}
	s, err := scenarios.Lookup("contention")
	require.NoError(t, err)
	one, err := sim.Verify(t.Context(), sim.Config{Seed: 1, Backend: simulated(), Scenario: s, Faults: &plan, Crashes: restless.Crashes(1)})
	require.NoError(t, err)
	for _, kind := range chaos.DiskKinds() {
		fired[kind.Kind] += one.Coverage.Faults[kind.Kind].Fired
		require.Positive(t, fired[kind.Kind], kind.Kind)
	}
}
