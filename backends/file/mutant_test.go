package file_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// simulated is this backend on the disk of a run.
func simulated() sim.Backend {
	return sim.Backend{Name: "file", Durable: true, Checksummed: file.Checksummed, Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		return file.Open(ctx, "", file.Config{
			FS: env.Disk.FS(), Clock: env.Clock, IDs: eventcore.NewIDGenerator(env.Clock, env.Random),
		})
	}}
}

// TestASyncThatIsForgottenIsFoundByCrashes: only a crash shows what was not synced, so
// the number of seeds says how often crashes come at the right time.
func TestASyncThatIsForgottenIsFoundByCrashes(t *testing.T) {
	if testing.Short() {
		t.Skip("one task goes on at a time, and it takes many runs")
	}
	const budget = 8
	for _, m := range mutant.OfDisk() {
		t.Run(m.Name, func(t *testing.T) {
			found := func(m *mutant.Mutant, crashes *[]sim.Crash) *sim.Result {
				for seed := uint64(1); seed <= budget; seed++ {
					for _, s := range scenarios.All() {
						r, err := sim.Run(t.Context(), sim.Config{Seed: seed, Backend: simulated(), Scenario: s, Mutant: m, Crashes: crashes})
						require.NoError(t, err)
						if r.Failed() {
							return r
						}
					}
				}
				return nil
			}
			r := found(&m, nil)
			require.NotNil(t, r, "not found within %d seeds", budget)
			require.Equal(t, sim.Violation, r.Verdict, r.Reason)
			require.NotEmpty(t, r.Crashes)
			t.Logf("seed %d in %s: %s: %s", r.Seed, r.Scenario, r.Findings[0].Name, r.Findings[0].Message)
			require.Nil(t, found(&m, &[]sim.Crash{}), "without crashes it cannot show")
			require.Nil(t, found(nil, nil), "it is there without the mutant too")
		})
	}
}
