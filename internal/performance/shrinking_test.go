package performance_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

// seedsForAFailure is the number of seeds in which every bug is found by far.
const seedsForAFailure = 200

// shrinking measures how long it takes to shrink the first failure of each bug.
func shrinking(t *testing.T, e extent) section {
	s := section{
		title:  "Shrinking",
		before: "The first failing run of each planted bug on the memory backend, shrunk for at most " + duration(shrink.DefaultLimit) + " on all processors.",
		header: []string{"bug", "operations, before and after", "clients", "steps", "runs tried", "time"},
	}
	bugs := slices.Concat(mutant.All(), mutant.OfState())
	if !*write {
		bugs = bugs[1:2]
	}
	var times []time.Duration
	var operations []int
	for i := range bugs {
		failed := firstFailure(t, &bugs[i])
		outcome, err := shrink.Failed(t.Context(), failed, inMemory(), shrink.Options{})
		require.NoError(t, err)
		require.True(t, outcome.Reproduced, bugs[i].Name)
		from, to := outcome.From, outcome.To
		between := func(a, b int) string { return count(a) + " → " + strconv.Itoa(b) }
		s.add(bugs[i].Name, between(from.Operations, to.Operations), between(from.Clients, to.Clients), between(from.Steps, to.Steps),
			count(outcome.Candidates), duration(outcome.Elapsed))
		times, operations = append(times, outcome.Elapsed), append(operations, to.Operations)
	}
	slices.Sort(times)
	slices.Sort(operations)
	s.after = "The median is " + duration(times[len(times)/2]) + " and " + strconv.Itoa(operations[len(operations)/2]) + " operations."
	return s
}

func firstFailure(t *testing.T, bug *mutant.Mutant) *sim.Result {
	t.Helper()
	can, _, err := sim.Runnable(t.Context(), inMemory(), scenarios.All())
	require.NoError(t, err)
	for seed := range uint64(seedsForAFailure) {
		for _, scenario := range can {
			r, err := sim.Run(t.Context(), sim.Config{Seed: seed, Backend: inMemory(), Scenario: scenario, Mutant: bug})
			require.NoError(t, err)
			if r.Failed() {
				return r
			}
		}
	}
	require.Fail(t, "not found", bug.Name)
	return nil
}
