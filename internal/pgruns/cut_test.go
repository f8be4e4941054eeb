package pgruns_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// TestARunThatIsCutIsNotTheStoresFault takes clients down between a statement and its answer: what
// they sent is in the log, and nobody was told.
func TestARunThatIsCutIsNotTheStoresFault(t *testing.T) {
	b := open(t).Backend()
	s, err := scenarios.Lookup("contention")
	require.NoError(t, err)
	left := 0
	for steps := 100; steps < 150; steps += 10 {
		// A seed with five clients, which need many times as many steps.
		r, err := sim.Run(t.Context(), sim.Config{Backend: b, Scenario: s, Seed: 3, Steps: steps, Crashes: &[]sim.Crash{}})
		require.NoError(t, err)
		require.Equal(t, sim.NoProgress, r.Verdict, "%d steps: %s", steps, r.Reason)
		require.Empty(t, r.Stall)
		for i := range r.Results {
			if o := &r.Results[i]; o.Cut && o.Outcome == eventcore.OutcomeUnknown {
				left++
			}
		}
	}
	require.Positive(t, left, "no client was taken down in an append")
}
