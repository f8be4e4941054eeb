package pgstep_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim"
)

// TestARunThatIsCutShortGivesEachStoreItsConnectionsBack: its tasks are taken down inside of pgx,
// most of whose pool's calls would keep their connection if a panic went through them; the pool
// would then wait for it when it is closed, until the stall timeout.
func TestARunThatIsCutShortGivesEachStoreItsConnectionsBack(t *testing.T) {
	for name, like := range map[string]stranger{
		"transactions of the pool":         {},
		"row by row":                       {lazy: true},
		"locks of the session":             {piecemeal: true},
		"a connection given back half way": {careless: true},
		"copies":                           {copying: true},
		"an append that is sent again":     {insisting: true},
		"one that is sent for ever":        {obstinate: true},
		"and on locks of the session":      {obstinate: true, piecemeal: true},
		"and on a connection of its own":   {obstinate: true, clinging: true, mending: true},
		"and on one that is lost":          {obstinate: true, clinging: true},
		"what is used when it is lost":     {vainly: 49},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := backendWith(t, like, func(*pgxpool.Config) {})
			cut := 0
			for seed := range uint64(2) {
				for _, steps := range []int{25, 70} {
					cfg := sim.Config{Backend: b, Scenario: small(t), Seed: seed, Steps: steps, Faults: plan(t, "none"), StallTimeout: 5 * time.Second}
					r, err := sim.Run(t.Context(), cfg)
					require.NoError(t, err, "seed %d, %d steps", seed, steps)
					require.NotEqual(t, sim.Broken, r.Verdict, "seed %d, %d steps: %s", seed, steps, r.Reason)
					require.Empty(t, r.Stall, "seed %d, %d steps", seed, steps)
					if r.Verdict == sim.NoProgress {
						cut++
					}
				}
			}
			require.Positive(t, cut)
		})
	}
}
