package sim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// memoryBackend is the store as it is.
func memoryBackend() sim.Backend {
	return wrapped("memory", func(store *memory.Store) eventcore.Store { return store })
}

// wrapped is a backend over a fresh memory store.
func wrapped(name string, wrap func(*memory.Store) eventcore.Store) sim.Backend {
	return sim.Backend{Name: name, Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return wrap(memory.New(memory.Config{Clock: env.Clock})), nil
	}}
}

func scenario(t testing.TB, name string) scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Lookup(name)
	require.NoError(t, err)
	return s
}

func run(t testing.TB, cfg sim.Config) *sim.Result {
	t.Helper()
	result, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	return result
}

// seedCount returns the number of seeds of a test: with -short, which the race detector runs with,
// the second one. One task of a run goes at a time, so further seeds show it nothing new.
func seedCount(usual, short int) int {
	if testing.Short() {
		return short
	}
	return usual
}

// noFaults is a plan without faults, for Config.Faults.
func noFaults() *chaos.Plan { return &chaos.Plan{} }

// only is a program in which each client does the given operations.
func only(clients ...[]scenarios.Op) *sim.Replay {
	return &sim.Replay{Program: scenarios.Program{Clients: clients}}
}
