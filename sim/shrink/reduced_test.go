package shrink_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// Shrinking relies on it: of what it makes of a program, nothing that is valid fails on a
// store that keeps the contract. Else it would end in a failure that it made itself.
func TestReducedProgramsPassOnACorrectStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(scenarios.All()).Draw(t, "scenario")
		seed := rapid.Uint64Range(1, 1<<20).Draw(t, "seed")
		program := s.Generate(prng.New(seed, "program"), scenarios.Params{Clients: 3, OpsPerClient: 4, Streams: 3}, nil)
		thin := func(ops []scenarios.Op) (kept []scenarios.Op) {
			for _, op := range ops {
				if rapid.IntRange(0, 2).Draw(t, "keep") > 0 {
					kept = append(kept, reduced(t, op))
				}
			}
			return kept
		}
		reducedProgram := scenarios.Program{Setup: thin(program.Setup)}
		for _, ops := range program.Clients {
			reducedProgram.Clients = append(reducedProgram.Clients, thin(ops))
		}
		for _, ops := range program.Probes {
			reducedProgram.Probes = append(reducedProgram.Probes, thin(ops))
		}
		if s.Validate(reducedProgram) != nil {
			t.Skip("the scenario refuses it, and so does the shrinker")
		}
		schedule := rapid.SliceOfN(rapid.IntRange(0, 3), 0, 60).Draw(t, "schedule")
		r, err := sim.Run(t.Context(), sim.Config{
			Seed: seed, Backend: memoryBackend(), Scenario: s,
			Replay: &sim.Replay{Program: reducedProgram, Schedule: schedule, Lenient: true},
		})
		require.NoError(t, err)
		require.False(t, r.Failed(), "%s: %s", r.Verdict, r.Reason)
	})
}

// reduced changes an operation as the passes of the shrinker do.
func reduced(t *rapid.T, op scenarios.Op) scenarios.Op {
	less := func(name string, n int) int {
		if n > 0 && rapid.Bool().Draw(t, name) {
			return rapid.IntRange(0, n).Draw(t, "to")
		}
		return n
	}
	op.Count, op.Limit = less("count", op.Count), less("limit", op.Limit)
	op.Amount, op.After = int64(less("amount", int(op.Amount))), uint64(less("after", int(op.After)))
	for _, list := range []*[]eventcore.StreamID{&op.Streams, &op.Reads} {
		if len(*list) > 1 && rapid.IntRange(0, 3).Draw(t, "drop") == 0 {
			i := rapid.IntRange(0, len(*list)-1).Draw(t, "stream")
			*list = slices.Delete(slices.Clone(*list), i, i+1)
		}
	}
	if op.Projection != nil {
		p := *op.Projection
		p.Die, p.Panic, p.Cancel, p.Flaky = less("die", p.Die), less("panic", p.Panic), less("cancel", p.Cancel), less("flaky", p.Flaky)
		op.Projection = &p
	}
	return op
}
