package performance_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/sensitivity"
)

// way is a way to look for bugs in a backend. rounds carries out round after round, the one of
// number first before the others, and tells each whether it has shown the bug; nil stands for
// none. It ends when each returns false or ctx does.
type way struct {
	name   string
	rounds func(ctx context.Context, t *testing.T, b sim.Backend, bug *mutant.Mutant, first uint64, each func(found bool) bool)
}

// oneByOne makes rounds of what carries out one, and shows nothing when ctx ends in its middle.
func oneByOne(
	round func(ctx context.Context, t *testing.T, b sim.Backend, bug *mutant.Mutant, seed uint64) bool,
) func(ctx context.Context, t *testing.T, b sim.Backend, bug *mutant.Mutant, first uint64, each func(found bool) bool) {
	return func(ctx context.Context, t *testing.T, b sim.Backend, bug *mutant.Mutant, first uint64, each func(found bool) bool) {
		t.Helper()
		for seed := first; ctx.Err() == nil; seed++ {
			if !each(round(ctx, t, b, bug, seed)) {
				return
			}
		}
	}
}

// ways are the simulator and what one would use instead.
func ways(can []scenarios.Scenario) []way {
	return []way{
		{"simulator", func(ctx context.Context, t *testing.T, b sim.Backend, bug *mutant.Mutant, first uint64, each func(found bool) bool) {
			t.Helper()
			runs := func(yield func(sim.Config) bool) {
				for seed := first; ; seed++ {
					for _, scenario := range can {
						if !yield(sim.Config{Seed: seed, Backend: b, Scenario: scenario, Mutant: bug}) {
							return
						}
					}
				}
			}
			done := 0
			_, err := sim.Batch{Runs: runs, Workers: 1, Reuse: true, OnResult: func(r *sim.Result) bool {
				done++
				if r.Failed() || done%len(can) == 0 {
					return each(r.Failed())
				}
				return true
			}}.Do(ctx)
			require.NoError(t, err)
		}},
		{"goroutines", oneByOne(func(ctx context.Context, t *testing.T, b sim.Backend, bug *mutant.Mutant, seed uint64) bool {
			t.Helper()
			found, err := (&sensitivity.Naive{Backend: b, Mutant: bug, Seed: seed}).Finds(ctx, can)
			if ctx.Err() != nil {
				return false
			}
			require.NoError(t, err)
			return found
		})},
		{"synctest", oneByOne(func(_ context.Context, t *testing.T, b sim.Backend, bug *mutant.Mutant, seed uint64) (found bool) {
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
				found, err = (&sensitivity.Naive{Backend: b, Mutant: bug, Seed: seed}).Finds(t.Context(), can)
				require.NoError(t, err)
			})
			return found
		})},
		{"rapid", oneByOne(stateMachine)},
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
			"A round of the simulator is the longest: it ends with a phase without faults and with probes of what is there. Rates are\n"+
			"medians of five turns.\n\n"+
			"gosim is not measured: it was not to be had for this version of Go where this page was written.", e.trials, e.search),
		header: []string{"bug"},
	}
	can, _, err := sim.Runnable(t.Context(), inMemory(), scenarios.All())
	require.NoError(t, err)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	all := ways(can)
	rates, calls := []string{"*none: rounds a second*"}, []string{"*none: calls of the store a second*"}
	for i, rounds := range roundsASecond(t, e, all) {
		w := all[i]
		s.header = append(s.header, w.name)
		rates, calls = append(rates, number(rounds)), append(calls, number(rounds*callsARound(t, w)))
	}
	s.add(rates...)
	s.add(calls...)
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

// counted is a store that counts its calls.
type counted struct {
	*memory.Store
	calls *atomic.Int64
}

func (c counted) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	c.calls.Add(1)
	return c.Store.Append(ctx, w)
}

func (c counted) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	c.calls.Add(1)
	return c.Store.ReadStream(ctx, id, after)
}

func (c counted) ReadAll(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	c.calls.Add(1)
	return c.Store.ReadAll(ctx, f, after, limit)
}

// callsARound returns how often a round calls the store on average: appends, reads of streams,
// and reads of all.
func callsARound(t *testing.T, w way) float64 {
	t.Helper()
	calls := new(atomic.Int64)
	b := sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return counted{memory.New(memory.Config{Clock: env.Clock}), calls}, nil
	}}
	const rounds = 10
	done, all := 0, int64(0)
	w.rounds(t.Context(), t, b, nil, 0, func(found bool) bool {
		require.False(t, found)
		done++
		all = calls.Load() // what may have begun behind the last round is none of its calls
		return done < rounds
	})
	return float64(all) / rounds
}

// roundsASecond measures ways on a store without a bug, in turns, since the machine may be slow
// for a while. It returns the median for each.
func roundsASecond(t *testing.T, e extent, all []way) []float64 {
	t.Helper()
	const turns = 5
	measured := make([][]float64, len(all))
	for turn := range turns {
		for i, w := range all {
			began, rounds := time.Now(), 0
			w.rounds(t.Context(), t, inMemory(), nil, uint64(turn)<<32, func(found bool) bool {
				require.False(t, found, "%s finds a bug where there is none", w.name)
				rounds++
				return time.Since(began) < e.budget/turns
			})
			measured[i] = append(measured[i], float64(rounds)/time.Since(began).Seconds())
		}
	}
	medians := make([]float64, len(all))
	for i := range all {
		slices.Sort(measured[i])
		medians[i] = measured[i][turns/2]
	}
	return medians
}

// search returns the times of the trials that found a bug, sorted.
func search(t *testing.T, e extent, w way, bug *mutant.Mutant) (times []time.Duration) {
	t.Helper()
	for trial := range e.trials {
		ctx, stop := context.WithTimeout(t.Context(), e.search)
		began := time.Now()
		w.rounds(ctx, t, inMemory(), bug, uint64(trial)<<32+1, func(found bool) bool {
			if found && ctx.Err() == nil {
				times = append(times, time.Since(began))
			}
			return !found && ctx.Err() == nil
		})
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
