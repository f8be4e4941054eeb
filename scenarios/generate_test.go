package scenarios_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// roundTrip returns what a program is after it was written as JSON and read again.
func roundTrip(t *testing.T, p scenarios.Program) scenarios.Program {
	t.Helper()
	data, err := json.Marshal(p)
	require.NoError(t, err)
	var again scenarios.Program
	require.NoError(t, json.Unmarshal(data, &again))
	return again
}

func TestGenerationIsPure(t *testing.T) {
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			first := s.Generate(prng.New(1, "program"), s.Params, nil)
			second, err := scenarios.Lookup(s.Name)
			require.NoError(t, err)
			require.Equal(t, first, second.Generate(prng.New(1, "program"), s.Params, nil))
			require.NotEqual(t, first, s.Generate(prng.New(2, "program"), s.Params, nil))
		})
	}
}

func TestProgramsAreValidAndRoundTripThroughJSON(t *testing.T) {
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			for seed := range uint64(200) {
				sizes := prng.New(seed, "sizes")
				params := scenarios.Params{
					Clients: 1 + sizes.IntN(7), OpsPerClient: 1 + sizes.IntN(20),
					Streams: 1 + sizes.IntN(80), MaxEvents: 1 + sizes.IntN(5),
				}
				p := s.Generate(prng.New(seed, "program"), params, nil)
				require.NoErrorf(t, s.Validate(p), "seed %d, %+v", seed, params)
				require.Equal(t, p, roundTrip(t, p))
				require.Len(t, p.Clients, params.Clients)
				require.Len(t, p.Probes, params.Clients)
				for id := range p.Clients {
					require.Len(t, p.Clients[id], params.OpsPerClient)
					require.NotEmpty(t, p.Probes[id])
				}
			}
		})
	}
}

func TestEverySubsetOfWeightsDrawsThatSubset(t *testing.T) {
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			for subset := 1; subset < 1<<len(s.Kinds); subset++ {
				weights := scenarios.Weights{"no such kind": 5}
				for i, kind := range s.Kinds {
					weights[kind.Name] = (subset >> i & 1) * kind.Weight
				}
				params := scenarios.Params{OpsPerClient: 100}
				p := s.Generate(prng.New(uint64(subset), "program"), params, weights)
				require.NoError(t, s.Validate(p))
				drawn := map[string]bool{}
				for _, ops := range p.Clients {
					for _, op := range ops {
						drawn[op.Do] = true
					}
				}
				for _, kind := range s.Kinds {
					require.Equalf(t, weights[kind.Name] > 0, drawn[kind.Name], "%s with weights %v", kind.Name, weights)
				}
			}
		})
	}
}

func TestNothingToDrawMeansUsualWeights(t *testing.T) {
	for _, s := range scenarios.All() {
		usual := s.Generate(prng.New(1, "program"), s.Params, nil)
		for _, weights := range []scenarios.Weights{{}, {"no such kind": 1}, {s.Kinds[0].Name: -1}} {
			require.Equal(t, usual, s.Generate(prng.New(1, "program"), s.Params, weights))
		}
		require.Equal(t, usual, s.Generate(prng.New(1, "program"), scenarios.Params{}, nil))
	}
}

func TestScenariosAreDescribed(t *testing.T) {
	names := map[string]bool{}
	for _, s := range scenarios.All() {
		require.False(t, names[s.Name], s.Name)
		names[s.Name] = true
		require.NotEmpty(t, s.Doc)
		for _, kind := range s.Kinds {
			require.NotEmpty(t, kind.Doc, kind.Name)
		}
		for _, invariant := range s.Invariants {
			require.NotEmpty(t, invariant.Doc, invariant.Name)
		}
	}
	_, err := scenarios.Lookup("transfer")
	require.EqualError(t, err, `scenarios: "transfer" is not known; known: contention, transfers, orders, write-skew, mixed, projection, leadership, pool-saturation, snapshots, group-commit, single`)
}

func ExampleScenario() {
	scenario, err := scenarios.Lookup("transfers")
	if err != nil {
		panic(err)
	}
	program := scenario.Generate(prng.New(1, "program"), scenarios.Params{Clients: 1, OpsPerClient: 3, Streams: 2}, nil)
	for _, op := range program.Clients[0] {
		fmt.Println(op)
	}
	// Output:
	// sweep account/2 account/1 amount=84
	// audit reads account/1 account/2
	// audit reads account/1 account/2
}
