package scenarios_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// demanded notes what appends ask of a store.
type demanded struct {
	*memory.Store
	asked map[scenarios.Demand]int
}

func (s demanded) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	written := make(map[int]bool)
	for _, e := range w.Events() {
		written[e.Participant] = true
	}
	if len(written) > 1 {
		s.asked[scenarios.MultiStream]++
	}
	if len(written) < len(w.Participants()) {
		s.asked[scenarios.ReadOnly]++
	}
	return s.Store.Append(ctx, w)
}

func TestScenariosAskWhatTheyDemandAndNothingElse(t *testing.T) {
	for _, s := range append(scenarios.All(), scenarios.Single()) {
		t.Run(s.Name, func(t *testing.T) {
			asked := make(map[scenarios.Demand]int)
			for seed := range uint64(20) {
				result, err := sim.Run(t.Context(), sim.Config{Seed: seed, Scenario: s, Backend: sim.Backend{
					Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
						return demanded{memory.New(memory.Config{Clock: env.Clock}), asked}, nil
					},
				}})
				require.NoError(t, err)
				require.Equal(t, sim.Pass, result.Verdict, result.Reason)
			}
			for _, d := range scenarios.Demands() {
				require.Equal(t, slices.Contains(s.Demands, d), asked[d] > 0, "%s: %d times", d, asked[d])
			}
		})
	}
}
