package sim_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// budgets has the number of seeds, each over all scenarios, within which a mutant
// must be found. It is the harness's promise: a mutant without a line fails the test.
// Each is about three times the worst of 40 disjoint ranges of seeds.
func budgets() map[string]uint64 {
	return map[string]uint64{
		"lost-append":            6,
		"torn-append":            6,
		"unchecked-participant":  6,
		"check-outside-lock":     6,
		"partial-conflict":       6,
		"false-conflict":         6,
		"reordered-batch":        3,
		"wrong-version-result":   3,
		"stale-read":             3,
		"early-end":              3,
		"after-off-by-one":       6,
		"cursor-skip":            60,
		"duplicate-append":       15,
		"unknown-as-not-applied": 50,
		"swallowed-decode-error": 30,

		"order-by-id":        3,
		"checkpoint-back":    24,
		"saved-before-apply": 3,
		"applied-twice":      9,
		"swallowed-poison":   12,
		"applied-poison":     12,
		"shared-lease":       27,
		"lease-for-ever":     6,
		"repeated-token":     6,
		"snapshot-back":      140,
		"snapshot-torn":      3,
		"held-connection":    6,
		"stale-check":        21,
	}
}

// detect returns the first seed that finds the mutant in any scenario.
func detect(t *testing.T, m mutant.Mutant, seeds uint64) (uint64, *sim.Result) {
	t.Helper()
	for seed := range seeds {
		for _, s := range scenarios.All() {
			result := run(t, sim.Config{Seed: seed + 1, Backend: memoryBackend(), Scenario: s, Mutant: &m})
			if result.Failed() {
				return seed + 1, result
			}
		}
	}
	return 0, nil
}

func TestEveryMutantIsFoundWithinItsBudget(t *testing.T) {
	for _, m := range slices.Concat(mutant.All(), mutant.OfState()) {
		t.Run(m.Name, func(t *testing.T) {
			seeds, promised := budgets()[m.Name]
			require.True(t, promised, "no budget is stated for this mutant")
			if testing.Short() && seeds > 6 {
				t.Skip("takes many seeds; left out with -short")
			}
			seed, result := detect(t, m, seeds)
			require.NotNil(t, result, "not found within %d seeds", seeds)
			// Who waits for a lease that never ends makes no progress.
			require.Contains(t, []sim.Verdict{sim.Violation, sim.NoProgress}, result.Verdict, result.Reason)
			t.Logf("found by seed %d in %s: %s: %s", seed, result.Scenario, result.Findings[0].Name, result.Findings[0].Message)

			without := run(t, sim.Config{Seed: seed, Backend: memoryBackend(), Scenario: scenario(t, result.Scenario)})
			require.Equal(t, sim.Pass, without.Verdict, "the same seed without the mutant: %s", without.Reason)
		})
	}
}

// catch is what a check makes of a mutant.
type catch struct {
	scenario, invariant, mutant string
	// seeds is the number of seeds within which it names it.
	seeds uint64
}

// catches has for each check of a scenario a mutant that this very check names.
func catches() []catch {
	return []catch{
		{"projection", "projected in order", "applied-twice", 6},
		{"projection", "projected in order", "saved-before-apply", 3},
		{"projection", "projected in order", "cursor-skip", 70},
		{"projection", "nothing skipped", "cursor-skip", 70},
		{"projection", "nothing skipped", "order-by-id", 6},
		{"projection", "nothing skipped", "saved-before-apply", 6},
		{"projection", "nothing skipped", "swallowed-poison", 9},
		{"projection", "poison not applied", "applied-poison", 9},
		{"projection", "checkpoints", "checkpoint-back", 6},
		{"leadership", "one leader", "shared-lease", 27},
		{"leadership", "free is free", "lease-for-ever", 3},
		{"leadership", "tokens grow", "repeated-token", 3},
		{"leadership", "lost is lost", "stale-check", 6},
		{"snapshots", "fold", "snapshot-torn", 3},
		{"snapshots", "decided on the fold", "snapshot-torn", 3},
		{"snapshots", "no regress", "snapshot-back", 30},
	}
}

func TestEveryCheckOfStateNamesItsMutant(t *testing.T) {
	caught := make(map[string]bool)
	for _, c := range catches() {
		caught[c.scenario+": "+c.invariant] = true
		t.Run(c.scenario+"/"+c.invariant+"/"+c.mutant, func(t *testing.T) {
			if testing.Short() && c.seeds > 6 {
				t.Skip("takes many seeds; left out with -short")
			}
			m, err := mutant.Lookup(c.mutant)
			require.NoError(t, err)
			for seed := uint64(1); seed <= c.seeds; seed++ {
				r := run(t, sim.Config{Seed: seed, Backend: memoryBackend(), Scenario: scenario(t, c.scenario), Mutant: &m})
				if slices.ContainsFunc(r.Findings, func(f sim.Finding) bool { return f.Name == "invariant "+c.invariant }) {
					return
				}
			}
			require.Fail(t, "not named", "in %d seeds", c.seeds)
		})
	}
	for scenarioName, invariants := range map[string]int{"projection": 8, "leadership": 8, "snapshots": 3} {
		own := 0
		for _, invariant := range scenario(t, scenarioName).Invariants {
			// What all scenarios check has mutants of its own.
			if slices.ContainsFunc(scenario(t, "mixed").Invariants, func(i scenarios.Invariant) bool { return i.Name == invariant.Name }) {
				continue
			}
			own++
			shared := caught["projection: "+invariant.Name] || caught["leadership: "+invariant.Name]
			require.True(t, caught[scenarioName+": "+invariant.Name] || scenarioName != "snapshots" && shared, "%s: %s has no mutant", scenarioName, invariant.Name)
		}
		require.Equal(t, invariants, own, scenarioName)
	}
}
