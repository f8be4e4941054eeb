package sim_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// carriedOut are the ways to carry out a run.
var carriedOut = map[string]func(context.Context, sim.Config) (*sim.Result, error){
	"simulated": sim.Run, "twice": sim.Verify, "in real time": sim.Parallel,
}

// slammed is a store whose Close panics.
type slammed struct{ *memory.Store }

func (slammed) Close() error { panic("planted in close") }

func TestAPanicOfOpenOrCloseIsABrokenRun(t *testing.T) {
	opens := func(context.Context, sim.Env) (eventcore.Store, error) { panic("planted in open") }
	for name, test := range map[string]struct {
		backend sim.Backend
		says    []string
	}{
		"open":  {sim.Backend{Name: "shut", Open: opens}, []string{"open backend shut: seed 7: panic: planted in open", "panic_test.go"}},
		"close": {wrapped("slammed", func(s *memory.Store) eventcore.Store { return slammed{s} }), []string{"close backend slammed: seed 7: panic: planted in close", "panic_test.go"}},
	} {
		for how, carryOut := range carriedOut {
			t.Run(name+" "+how, func(t *testing.T) {
				r, err := carryOut(t.Context(), sim.Config{Seed: 7, Backend: test.backend, Scenario: scenario(t, "contention")})
				require.NoError(t, err)
				require.Equal(t, sim.Broken, r.Verdict)
				require.True(t, r.Failed())
				for _, say := range test.says {
					require.Contains(t, r.Reason, say)
				}
			})
		}
	}
}

// TestARunIsBrokenThatPanicsOrExitsInWhatIsNoStore, and never passes.
func TestARunIsBrokenThatPanicsOrExitsInWhatIsNoStore(t *testing.T) {
	for name, test := range map[string]struct {
		does func()
		says string
	}{
		"panics": {func() { panic("planted") }, "the run of seed 7 on backend memory: panic: planted"},
		"exits":  {runtime.Goexit, "the run of seed 7 on backend memory: it ended its goroutine"},
	} {
		for how, carryOut := range carriedOut {
			t.Run(name+" "+how, func(t *testing.T) {
				s := scenario(t, "contention")
				s.Invariants = []scenarios.Invariant{{Name: "planted", Check: func(*scenarios.Final) error {
					test.does()
					return nil
				}}}
				r, err := carryOut(t.Context(), sim.Config{Seed: 7, Backend: memoryBackend(), Scenario: s})
				require.NoError(t, err)
				require.Equal(t, sim.Broken, r.Verdict)
				require.Contains(t, r.Reason, test.says)
			})
		}
	}
}

// exiting is a store whose appends end their goroutine, as FailNow of a test does.
type exiting struct{ *memory.Store }

func (exiting) Append(context.Context, eventcore.Writes) (eventcore.Appended, error) {
	runtime.Goexit()
	return eventcore.Appended{}, nil
}

// However tasks are switched.
func TestAClientThatExitsDoesNotPass(t *testing.T) {
	b := wrapped("exiting", func(s *memory.Store) eventcore.Store { return exiting{s} })
	for how, carryOut := range carriedOut {
		for name, blocks := range map[string]bool{"": false, " with a server": true} {
			t.Run(how+name, func(t *testing.T) {
				r, err := carryOut(t.Context(), sim.Config{
					Seed: 7, Backend: b, Scenario: scenario(t, "contention"), Faults: noFaults(),
					GoroutineSwitch: blocks, StallTimeout: 5 * time.Second,
				})
				require.NoError(t, err)
				require.Equal(t, sim.Broken, r.Verdict, r.Reason)
				require.Contains(t, r.Reason, "ended its goroutine")
			})
		}
	}
}

// TestABatchGoesOnWhereARunPanics outside of what is a task.
func TestABatchGoesOnWhereARunPanics(t *testing.T) {
	s := scenario(t, "contention")
	bad := func(context.Context, sim.Env) (eventcore.Store, error) { panic("planted") }
	runs := func(yield func(sim.Config) bool) {
		for seed := range uint64(9) {
			b := memoryBackend()
			if seed%3 == 1 {
				b.Open = bad
			}
			if !yield(sim.Config{Seed: seed, Backend: b, Scenario: s}) {
				return
			}
		}
	}
	for _, batch := range []sim.Batch{{}, {Workers: 2, Reuse: true}, {Verify: true}} {
		batch.Runs = runs
		sum, err := batch.Do(t.Context())
		require.NoError(t, err)
		require.Equal(t, 6, sum.Verdicts[sim.Pass])
		require.Equal(t, 3, sum.Verdicts[sim.Broken])
	}
}

// TestAStoreWhoseRecoveryPanicsIsLostInACrash as one is that does not open.
func TestAStoreWhoseRecoveryPanicsIsLostInACrash(t *testing.T) {
	b := fileBackend()
	open, opened := b.Open, 0
	b.Open = func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		if opened++; opened > 1 {
			panic("planted")
		}
		return open(ctx, env)
	}
	r := run(t, sim.Config{Seed: 7, Backend: b, Scenario: scenario(t, "contention"), Crashes: &[]sim.Crash{{Step: 50, Kind: sim.CrashPower}}})
	require.Equal(t, sim.Violation, r.Verdict, r.Reason)
	require.Equal(t, "lost in a crash", r.Findings[0].Name)
	require.Contains(t, r.Findings[0].Message, "panic: planted")
}
