package pgstep_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// plan parses a fault plan.
func plan(t *testing.T, text string) *chaos.Plan {
	t.Helper()
	p, err := chaos.ParsePlan(text)
	require.NoError(t, err)
	return &p
}

func TestEachFaultOfTheNetworkFiresTheSameEachTime(t *testing.T) {
	b, _ := backend(t, stranger{}, 10, true)
	for _, kind := range chaos.RequestKinds() {
		t.Run(kind.Kind.String(), func(t *testing.T) {
			fired := 0
			for seed := range seeds(4) {
				r, err := sim.Verify(t.Context(), sim.Config{
					Backend: b, Scenario: scenario(t, "transfers"), Seed: seed, Faults: plan(t, kind.Kind.String()+"=3%"),
				})
				require.NoError(t, err)
				require.Equal(t, sim.Pass, r.Verdict, "%d: %s", seed, r.Reason)
				require.Equal(t, r.Coverage.Faults[kind.Kind].Fired, len(r.Faults))
				if len(r.Faults) > 0 {
					require.Contains(t, text(t, r), "gets fault "+r.Faults[0].String())
				}
				fired += len(r.Faults)
			}
			require.Positive(t, fired)
		})
	}
}
