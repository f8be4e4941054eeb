package mergeruns_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/internal/mergeruns"
	"github.com/eventcore-go/eventcore-sim/sim/merge"
)

// TestReplicasConverge also sees that each run was worth something, and that a seed is.
func TestReplicasConverge(t *testing.T) {
	seeds := uint64(30)
	if testing.Short() {
		seeds = 15
	}
	counts := map[string]int{}
	for seed := range seeds {
		r, err := merge.Run(t.Context(), mergeruns.Open, seed)
		require.NoError(t, err)
		require.Nil(t, r.Violation, "seed %d: %v", seed, r.Violation)
		for what, n := range r.Counts {
			counts[what] += n
		}
		if seed%10 == 0 {
			again, err := merge.Run(t.Context(), mergeruns.Open, seed)
			require.NoError(t, err)
			require.Equal(t, r, again, "seed %d is not deterministic", seed)
		}
	}
	for _, what := range merge.Demands() {
		require.Greater(t, counts[what], 1, "%q hardly happened: %v", what, counts)
	}
	t.Log(counts)
}
