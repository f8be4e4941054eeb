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
		"swallowed-poison":   12,
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
