package performance_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/sensitivity"
)

// way is a way to look for bugs. Its round number seed says whether it shows the bug; nil
// stands for none. When ctx ends in the middle, it shows none.
type way struct {
	name  string
	round func(ctx context.Context, t *testing.T, bug *mutant.Mutant, seed uint64) bool
}

// ways are the simulator and what one would use instead.
func ways(can []scenarios.Scenario) []way {
	return []way{
		{"simulator", func(ctx context.Context, t *testing.T, bug *mutant.Mutant, seed uint64) (found bool) {
			t.Helper()
			runs := func(yield func(sim.Config) bool) {
				for _, scenario := range can {
					if !yield(sim.Config{Seed: seed, Backend: inMemory(), Scenario: scenario, Mutant: bug}) {
						return
					}
				}
			}
			_, err := sim.Batch{Runs: runs, Reuse: true, OnResult: func(r *sim.Result) bool {
				found = r.Failed()
				return !found
			}}.Do(ctx)
			require.NoError(t, err)
			return found && ctx.Err() == nil
		}},
		{"goroutines", func(ctx context.Context, t *testing.T, bug *mutant.Mutant, seed uint64) bool {
			t.Helper()
			found, err := (&sensitivity.Naive{Backend: inMemory(), Mutant: bug, Seed: seed}).Finds(ctx, can)
			if ctx.Err() != nil {
				return false
			}
			require.NoError(t, err)
			return found
		}},
		{"synctest", func(_ context.Context, t *testing.T, bug *mutant.Mutant, seed uint64) (found bool) {
			t.Helper()
			// That all wait for one another is found too: it ends the test.
			defer func() {
				if what := recover(); what != nil {
					require.Contains(t, fmt.Sprint(what), "deadlock")
					found = true
				}
			}()
			synctest.Test(t, func(t *testing.T) {
				var err error
				// Nobody breaks it off. Only a context from inside of the bubble can be waited for in it.
				found, err = (&sensitivity.Naive{Backend: inMemory(), Mutant: bug, Seed: seed}).Finds(t.Context(), can)
				require.NoError(t, err)
			})
			return found
		}},
		{"rapid", stateMachine},
	}
}

// alternatives measures how soon each way finds each bug.
func alternatives(t *testing.T, e extent) section {
	s := section{
		title: "Beside the alternatives",
		before: fmt.Sprintf("Median time until each planted bug is found, in %d trials of at most %v, on the memory backend and one processor. `2 of 5` is how many\n"+
			"trials found it where fewer than half did.\n\n"+
			"- *simulator*: a seed is one run of each scenario, under drawn faults.\n"+
			"- *goroutines*: what a test would do: the same programs and invariants, a goroutine a client, random sleeps around\n"+
			"  calls, porcupine. No faults.\n"+
			"- *synctest*: the same in a bubble of testing/synctest, where sleeps take no time.\n"+
			"- *rapid*: a state-machine test of pgregory.net/rapid against a model of the store: one client, no faults, no shrinking.\n"+
			"  A round is one of its checks.\n\n"+
			"gosim is not measured: it was not to be had for this version of Go where this page was written.", e.trials, e.search),
		header: []string{"bug"},
	}
	can, _, err := sim.Runnable(t.Context(), inMemory(), scenarios.All())
	require.NoError(t, err)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	all := ways(can)
	rates := []string{"*none: rounds a second*"}
	for _, w := range all {
		s.header = append(s.header, w.name)
		rates = append(rates, roundsASecond(t, e, w))
	}
	s.add(rates...)
	bugs := slices.Concat(mutant.All(), mutant.OfState())
	if !*write {
		bugs = slices.DeleteFunc(bugs, func(m mutant.Mutant) bool { return m.Name != "lost-append" && m.Name != "wrong-version-result" })
	}
	found := make([]int, len(all))
	for i := range bugs {
		cells := []string{bugs[i].Name}
		for n, w := range all {
			times := search(t, e, w, &bugs[i])
			found[n] += len(times)
			if w.name == "simulator" || !*write {
				require.Len(t, times, e.trials, "%s does not find %s in %v", w.name, bugs[i].Name, e.search)
			}
			cells = append(cells, cell(times, e.trials))
		}
		s.add(cells...)
	}
	cells := []string{fmt.Sprintf("*trials of %d that found it*", len(bugs)*e.trials)}
	for _, n := range found {
		cells = append(cells, fmt.Sprint(n))
	}
	s.add(cells...)
	return s
}

// roundsASecond measures a way on a store without a bug.
func roundsASecond(t *testing.T, e extent, w way) string {
	t.Helper()
	began, rounds := time.Now(), 0
	for rounds == 0 || time.Since(began) < e.budget {
		require.False(t, w.round(t.Context(), t, nil, uint64(rounds)), "%s finds a bug where there is none", w.name)
		rounds++
	}
	return rate(rounds, time.Since(began))
}

// search returns the times of the trials that found a bug, sorted.
func search(t *testing.T, e extent, w way, bug *mutant.Mutant) (times []time.Duration) {
	t.Helper()
	for trial := range e.trials {
		ctx, stop := context.WithTimeout(t.Context(), e.search)
		began := time.Now()
		for round := uint64(1); ctx.Err() == nil; round++ {
			if w.round(ctx, t, bug, uint64(trial)<<32+round) {
				times = append(times, time.Since(began))
				break
			}
		}
		stop()
	}
	slices.Sort(times)
	return times
}

func cell(times []time.Duration, trials int) string {
	switch {
	case len(times) == 0:
		return "never"
	case len(times) <= trials/2:
		return fmt.Sprintf("%d of %d", len(times), trials)
	default:
		return duration(times[trials/2])
	}
}
