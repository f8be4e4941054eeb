package sim_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// contagious ends an append with the context of an earlier one, as a store does that carries
// several out together and forgets whose context it was.
type contagious struct {
	*memory.Store

	ended error
}

func (s *contagious) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	if err := s.ended; err != nil {
		s.ended = nil
		return eventcore.Appended{}, &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err}
	}
	s.ended = ctx.Err()
	return s.Store.Append(ctx, w)
}

// TestWhoEndsWithTheContextOfAnotherIsSeen although nothing is wrong with the log then. Those
// whose own context a fault ends are none of them.
func TestWhoEndsWithTheContextOfAnotherIsSeen(t *testing.T) {
	plan, err := chaos.ParsePlan("cancel=20%")
	require.NoError(t, err)
	found := func(backend sim.Backend) (seen, fired int) {
		for seed := range uint64(20) {
			r := run(t, sim.Config{Seed: seed, Scenario: scenario(t, "group-commit"), Faults: &plan, Backend: backend})
			fired += r.Coverage.Faults[chaos.Cancel].Fired
			if slices.ContainsFunc(r.Findings, func(f sim.Finding) bool {
				return f.Name == "rule an append does not end with the context of another"
			}) {
				seen++
			}
		}
		return seen, fired
	}
	seen, fired := found(wrapped("contagious", func(s *memory.Store) eventcore.Store { return &contagious{Store: s} }))
	require.Greater(t, seen, 10)
	require.Greater(t, fired, 20)
	seen, fired = found(memoryBackend())
	require.Zero(t, seen)
	require.Greater(t, fired, 20)
}
