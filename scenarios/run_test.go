package scenarios_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

func TestSequentialRunsKeepAllInvariants(t *testing.T) {
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			applied := map[string]int{}
			for seed := range uint64(40) {
				w := newWorld(t, s.Name, seed)
				f := w.sequential(t, w.program())
				requireInvariants(t, &s, f)
				requireProbesSucceeded(t, f)
				for _, r := range f.Results {
					if r.Err == nil {
						applied[r.Op.Do]++
					}
				}
			}
			for _, kind := range s.Kinds {
				require.Positivef(t, applied[kind.Name], "no %q ever succeeded", kind.Name)
			}
		})
	}
}

func TestConcurrentRunsKeepAllInvariants(t *testing.T) {
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			for seed := range uint64(20) {
				w := newWorld(t, s.Name, seed)
				f := w.concurrent(t, w.program())
				requireInvariants(t, &s, f)
				requireProbesSucceeded(t, f)
			}
		})
	}
}

func TestFaultsNeverBreakAnInvariant(t *testing.T) {
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			seen := map[eventcore.Outcome]int{}
			failures := 0
			for seed := range uint64(60) {
				w := newWorld(t, s.Name, seed)
				w.retries = int(seed % 3)
				w.below = func(client int, _ eventcore.Store) eventcore.Store {
					return &faultyStore{w.log, prng.New(seed, "faults", uint64(client))}
				}
				f := w.sequential(t, w.program())
				requireInvariants(t, &s, f)
				requireProbesSucceeded(t, f)
				for _, r := range f.Results {
					seen[r.Outcome]++
					if r.Err != nil {
						failures++
					}
				}
			}
			require.Positive(t, failures)
			for _, outcome := range []eventcore.Outcome{eventcore.OutcomeApplied, eventcore.OutcomeNotApplied, eventcore.OutcomeUnknown} {
				require.Positivef(t, seen[outcome], "outcome %s never came about", outcome)
			}
		})
	}
}

// concurrent is sequential with a goroutine for each client.
func (w *world) concurrent(t testing.TB, p scenarios.Program) *scenarios.Final {
	t.Helper()
	ctx := t.Context()
	results := w.perform(ctx, 0, scenarios.PhaseSetup, p.Setup)
	results = append(results, w.parallel(t, scenarios.PhaseSafety, p.Clients)...)
	results = append(results, w.parallel(t, scenarios.PhaseProbe, p.Probes)...)
	return w.final(t, results)
}

func (w *world) parallel(t testing.TB, phase scenarios.Phase, lists [][]scenarios.Op) []scenarios.Result {
	t.Helper()
	perClient := make([][]scenarios.Result, len(lists))
	var wait sync.WaitGroup
	for id, ops := range lists {
		wait.Go(func() { perClient[id] = w.perform(t.Context(), id, phase, ops) })
	}
	wait.Wait()
	var all []scenarios.Result
	for _, results := range perClient {
		all = append(all, results...)
	}
	return all
}

func TestSameSeedGivesSameResults(t *testing.T) {
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			run := func() *scenarios.Final {
				w := newWorld(t, s.Name, 7)
				w.below = func(client int, _ eventcore.Store) eventcore.Store {
					return &faultyStore{w.log, prng.New(7, "faults", uint64(client))}
				}
				return w.sequential(t, w.program())
			}
			first, second := run(), run()
			require.Equal(t, first, second)
		})
	}
}

func TestBusinessRulesRefuseAndApplyNothing(t *testing.T) {
	for name, rules := range map[string][]scenarios.Refusal{
		"transfers":  {scenarios.Overdraft},
		"orders":     {scenarios.OrderExists, scenarios.OrderUnknown, scenarios.OrderClosed, scenarios.OutOfStock},
		"write-skew": {scenarios.NotOnCall, scenarios.LastOnCall},
	} {
		t.Run(name, func(t *testing.T) {
			refused := map[scenarios.Refusal]int{}
			for seed := range uint64(40) {
				w := newWorld(t, name, seed)
				for _, r := range w.sequential(t, w.program()).Results {
					var rule scenarios.Refusal
					if r.Err != nil {
						require.ErrorAs(t, r.Err, &rule, r.Op)
						require.Equal(t, eventcore.OutcomeNotApplied, r.Outcome)
						refused[rule]++
					}
				}
			}
			for _, rule := range rules {
				require.Positivef(t, refused[rule], "%v never came about", rule)
			}
		})
	}
}

func TestUnknownOperationIsRefusedByName(t *testing.T) {
	w := newWorld(t, "transfers", 1)
	r := w.scenario.Run(t.Context(), w.client(0, scenarios.PhaseSafety), scenarios.Op{Do: "steal"})
	require.ErrorContains(t, r.Err, `do: "steal" is no operation of scenario transfers; known: deposit, transfer`)
	require.Equal(t, eventcore.OutcomeNotApplied, r.Outcome)
}

func TestReadFailureIsNotAnUnknownOutcome(t *testing.T) {
	w := newWorld(t, "contention", 1)
	c := w.client(0, scenarios.PhaseSafety)
	c.Store = &brokenReads{w.log}
	r := w.scenario.Run(t.Context(), c, w.program().Probes[0][0])
	require.ErrorIs(t, r.Err, errInjected)
	require.Equal(t, eventcore.OutcomeNotApplied, r.Outcome)
	require.Empty(t, r.Attempts)
}

func TestAScenarioNamesWhatTheStoreLacks(t *testing.T) {
	for _, s := range scenarios.All() {
		require.Empty(t, s.Lacks(memory.New(memory.Config{})), s.Name)
		needs := slices.Contains([]string{"projection", "leadership"}, s.Name)
		require.Equal(t, needs, s.Lacks(streamsOnly{memory.New(memory.Config{})}) == "eventcore.AllReader", s.Name)
	}
}

func TestStoreWithoutGlobalOrderIsEnoughForScenariosThatDoNotNeedIt(t *testing.T) {
	for _, s := range scenarios.All() {
		w := newWorld(t, s.Name, 3)
		if s.Lacks(streamsOnly{w.log}) != "" {
			continue
		}
		w.below = func(_ int, log eventcore.Store) eventcore.Store { return streamsOnly{log} }
		f := w.sequential(t, w.program())
		f.Global = nil
		requireInvariants(t, &s, f)
	}
}

func BenchmarkRun(b *testing.B) {
	for _, s := range scenarios.All() {
		b.Run(s.Name, func(b *testing.B) {
			b.ReportAllocs()
			calls, n := 0, 0
			for b.Loop() {
				w := newWorld(b, s.Name, uint64(n))
				w.below = func(_ int, log eventcore.Store) eventcore.Store { return &countingStore{w.log, &calls} }
				p := w.program()
				w.perform(b.Context(), 0, scenarios.PhaseSetup, p.Setup)
				for id, ops := range p.Clients {
					w.perform(b.Context(), id, scenarios.PhaseSafety, ops)
				}
				n++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(calls), "ns/call")
			b.ReportMetric(float64(calls)/float64(n), "calls/op")
		})
	}
}

func BenchmarkInvariants(b *testing.B) {
	for _, s := range scenarios.All() {
		b.Run(s.Name, func(b *testing.B) {
			w := newWorld(b, s.Name, 1)
			f := w.sequential(b, w.program())
			b.ReportAllocs()
			for b.Loop() {
				again := &scenarios.Final{Results: f.Results, Streams: f.Streams, Global: f.Global}
				for _, invariant := range s.Invariants {
					if err := invariant.Check(again); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, s := range scenarios.All() {
		b.Run(s.Name, func(b *testing.B) {
			b.ReportAllocs()
			for r := prng.New(1, "bench"); b.Loop(); {
				_ = s.Generate(r, s.Params, nil)
			}
		})
	}
}
