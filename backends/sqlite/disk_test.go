package sqlite_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/internal/sqliteruns"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

func TestCertifyOnTheSimulatedDisk(t *testing.T) {
	certify.Run(t, sqliteruns.Backend(sqlite.SynchronousFull))
}

// TestASyncThatIsForgottenIsFoundByCrashes: only a crash shows what was not synced, so
// the number of seeds says how often crashes come at the right time.
func TestASyncThatIsForgottenIsFoundByCrashes(t *testing.T) {
	const budget = 8
	found := func(m *mutant.Mutant, crashes *[]sim.Crash) *sim.Result {
		for seed := uint64(1); seed <= budget; seed++ {
			for _, s := range scenarios.All() {
				r, err := sim.Run(t.Context(), sim.Config{
					Seed: seed, Backend: sqliteruns.Backend(sqlite.SynchronousFull), Scenario: s, Mutant: m, Crashes: crashes,
				})
				require.NoError(t, err)
				if r.Failed() {
					return r
				}
			}
		}
		return nil
	}
	for _, m := range mutant.OfDisk() {
		t.Run(m.Name, func(t *testing.T) {
			r := found(&m, nil)
			require.NotNil(t, r, "not found within %d seeds", budget)
			require.Equal(t, sim.Violation, r.Verdict, r.Reason)
			require.NotEmpty(t, r.Crashes)
			t.Logf("seed %d in %s: %s: %s", r.Seed, r.Scenario, r.Findings[0].Name, r.Findings[0].Message)
			if !testing.Short() {
				require.Nil(t, found(&m, &[]sim.Crash{}), "without crashes it cannot show")
			}
		})
	}
}
