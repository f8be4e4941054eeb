package shrink_test

import (
	"context"
	"errors"
	"flag"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

// bounded ends a search after a number of candidates that is the same on every machine, and
// never for want of time.
func bounded(candidates int) shrink.Options {
	return shrink.Options{Limit: 10 * time.Minute, Candidates: candidates}
}

var figures = flag.Bool("figures", false, "shrink three failures of each mutant to the end, for the table in docs/seedfile.md")

// The promise: the median of what each mutant's failures shrink to is something that a
// person takes in at a glance. go test -v prints the table.
func TestEveryMutantShrinksToAFewOperations(t *testing.T) {
	const most, mostClients = 6, 3
	mutants, seeds, candidates := allMutants(), 1, 1200
	if testing.Short() {
		mutants, seeds, candidates = mutants[:3], 1, 900
	}
	opts := bounded(candidates)
	if *figures {
		seeds, opts = 3, bounded(0)
	}
	t.Logf("| mutant | median failure | median shrunk | most operations | median CPU seconds |")
	for _, m := range mutants {
		t.Run(m.Name, func(t *testing.T) {
			var from, to []shrink.Size
			var took []float64
			for _, r := range failures(t, m, seeds) {
				before := cpu(t)
				outcome := shrunk(t, r, backendFor(m), opts)
				require.True(t, outcome.Reproduced)
				from, to = append(from, outcome.From), append(to, outcome.To)
				took = append(took, cpu(t)-before)
			}
			slices.Sort(took)
			byOperations := func(a, b shrink.Size) int { return a.Operations - b.Operations }
			slices.SortFunc(to, byOperations)
			slices.SortFunc(from, byOperations)
			median := to[len(to)/2]
			t.Logf("| %s | %s | %s | %d | %.1f |", m.Name, from[len(from)/2], median, to[len(to)-1].Operations, took[len(took)/2])
			require.LessOrEqual(t, median.Operations, most)
			require.LessOrEqual(t, median.Clients, mostClients)
		})
	}
}

// Whatever is shrunk, and wherever the search is cut short: the result fails in the same
// way, is not larger, and its seed file replays it step by step.
func TestWhatIsReturnedFailsInTheSameWayAndIsNotLarger(t *testing.T) {
	mutants := allMutants()
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(mutants).Draw(t, "mutant")
		s := rapid.SampledFrom(scenarios.All()).Draw(t, "scenario")
		b := backendFor(m)
		cfg := sim.Config{Seed: rapid.Uint64Range(1, 40).Draw(t, "seed"), Backend: b, Scenario: s, Mutant: &m}
		r, err := sim.Run(t.Context(), cfg)
		require.NoError(t, err)
		if !r.Failed() || len(r.Schedule) > 5000 {
			t.Skip("this seed does not show the bug, or is long about it")
		}
		candidates := rapid.IntRange(1, 150).Draw(t, "candidates")
		outcome, err := shrink.Failed(t.Context(), r, b, bounded(candidates))
		require.NoError(t, err)
		require.True(t, outcome.Reproduced)
		require.LessOrEqual(t, outcome.Candidates, candidates)
		require.Equal(t, shrink.ClassOf(r), shrink.ClassOf(outcome.Result))
		require.Equal(t, outcome.To, shrink.SizeOf(outcome.Result))
		require.LessOrEqual(t, outcome.To.Compare(shrink.SizeOf(r)), 0)
		requireReplays(t, outcome, b)
	})
}

// requireReplays takes the way over the text of the seed file.
func requireReplays(t require.TestingT, outcome *shrink.Outcome, b sim.Backend) {
	text, err := outcome.File().Format()
	require.NoError(t, err)
	file, err := seedfile.Parse(text)
	require.NoError(t, err)
	cfg, err := file.Config(b)
	require.NoError(t, err)
	again, err := sim.Run(context.Background(), cfg)
	require.NoError(t, err)
	require.NoError(t, file.Check(again))
	require.Nil(t, sim.Compare(outcome.Result.Trace, again.Trace))
	require.Equal(t, shrink.ClassOf(outcome.Result), shrink.ClassOf(again))
}

func TestTheResultIsTheSameWhateverTheNumberOfWorkers(t *testing.T) {
	for _, name := range []string{"check-outside-lock", "duplicate-append"} {
		m, err := mutant.Lookup(name)
		require.NoError(t, err)
		r := failures(t, m, 1)[0]
		var texts []string
		var candidates []int
		for _, workers := range []int{1, 2, 7} {
			opts := bounded(400)
			opts.Workers = workers
			outcome := shrunk(t, r, memoryBackend(), opts)
			text, err := outcome.File().Format()
			require.NoError(t, err)
			texts, candidates = append(texts, string(text)), append(candidates, outcome.Candidates)
		}
		require.Equal(t, texts[0], texts[1])
		require.Equal(t, texts[0], texts[2])
		require.Equal(t, []int{candidates[0], candidates[0], candidates[0]}, candidates)
	}
}

// What came out cannot be made smaller by the same means.
func TestShrinkingWhatIsShrunkChangesNothing(t *testing.T) {
	m, err := mutant.Lookup("wrong-version-result")
	require.NoError(t, err)
	once := shrunk(t, failures(t, m, 1)[0], memoryBackend(), bounded(0))
	require.True(t, once.Complete)
	twice := shrunk(t, once.Result, memoryBackend(), bounded(0))
	require.True(t, twice.Complete)
	require.Equal(t, once.To, twice.To)
	require.Equal(t, once.Result.Trace.Hash(), twice.Result.Trace.Hash())
}

func TestTheTimeBoundsTheSearchAndTheBestSoFarComesBack(t *testing.T) {
	m, err := mutant.Lookup("partial-conflict")
	require.NoError(t, err)
	r := failures(t, m, 1)[0]
	outcome := shrunk(t, r, memoryBackend(), shrink.Options{Limit: time.Nanosecond})
	require.True(t, outcome.Reproduced)
	require.False(t, outcome.Complete)
	require.Equal(t, outcome.From, outcome.To)
	requireReplays(t, outcome, memoryBackend())
}

func TestARunThatDoesNotReproduceHasItsOwnVerdict(t *testing.T) {
	m, err := mutant.Lookup("lost-append")
	require.NoError(t, err)
	r := failures(t, m, 1)[0]
	cfg := replaying(t, r, memoryBackend())
	cfg.Mutant = nil // as a bug that has to do with more than the seed
	outcome, err := shrink.Run(t.Context(), cfg, shrink.ClassOf(r), shrink.Options{})
	require.NoError(t, err)
	require.False(t, outcome.Reproduced)
	require.Zero(t, outcome.Candidates)
	require.Equal(t, sim.NotReproduced, outcome.Result.Verdict)
	require.True(t, outcome.Result.Failed())
	require.Contains(t, outcome.Result.Reason, "the run failed with lost append (violation); replayed, it came to ")
}

func TestWithoutAProgramThereIsNothingToShrink(t *testing.T) {
	_, err := shrink.Run(t.Context(), sim.Config{}, shrink.Class{}, shrink.Options{})
	require.ErrorContains(t, err, "Config.Replay is nil")
}

// The planted trap: a candidate that changes the anomaly's class.

// An invariant that never holds makes every candidate fail, down to the program that does
// nothing; a shrinker that only looks at the verdict ends there.
func TestACandidateOfAnotherClassIsRefused(t *testing.T) {
	m, err := mutant.Lookup("lost-append")
	require.NoError(t, err)
	r := failures(t, m, 1)[0]
	cfg := replaying(t, r, memoryBackend())
	cfg.Scenario.Invariants = append(slices.Clone(cfg.Scenario.Invariants), scenarios.Invariant{
		Name: "trap", Doc: "never holds", Check: func(*scenarios.Final) error { return errors.New("it does not") },
	})

	nothing := cfg
	nothing.Faults, nothing.Replay = &chaos.Plan{}, &sim.Replay{Program: scenarios.Program{Clients: [][]scenarios.Op{{}}}}
	trapped, err := sim.Run(t.Context(), nothing)
	require.NoError(t, err)
	require.Equal(t, shrink.Class{Verdict: sim.Violation, Name: "invariant trap"}, shrink.ClassOf(trapped))

	outcome, err := shrink.Run(t.Context(), cfg, shrink.ClassOf(r), bounded(1500))
	require.NoError(t, err)
	require.True(t, outcome.Reproduced)
	require.Equal(t, shrink.Class{Verdict: sim.Violation, Name: "lost append"}, shrink.ClassOf(outcome.Result))
	require.Less(t, outcome.To.Operations, outcome.From.Operations)
	require.Positive(t, outcome.To.Operations)
}

// A slow backend sees the few runs that are taken over to it, and what is tried from there.
func TestASlowBackendIsSparedByAFastOne(t *testing.T) {
	m, err := mutant.Lookup("duplicate-append")
	require.NoError(t, err)
	r := failures(t, m, 1)[0]
	counted := func(opened *atomic.Int64, name string) sim.Backend {
		b := memoryBackend()
		open := b.Open
		b.Name, b.Open = name, func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			opened.Add(1)
			return open(ctx, env)
		}
		return b
	}
	var onSlow, onFast, alone atomic.Int64
	fast := counted(&onFast, "fast")
	opts := bounded(0)
	direct := shrunk(t, r, counted(&alone, "slow"), opts)
	opts.Fast = &fast
	outcome := shrunk(t, r, counted(&onSlow, "slow"), opts)
	require.Equal(t, shrink.ClassOf(r), shrink.ClassOf(outcome.Result))
	require.Equal(t, "slow", outcome.Result.Backend)
	require.LessOrEqual(t, outcome.To.Operations, direct.To.Operations)
	require.Less(t, onSlow.Load(), alone.Load())
	require.Positive(t, onFast.Load())
	requireReplays(t, outcome, memoryBackend())
}

// Where the fast backend keeps the contract, it is left alone after a few runs.
func TestABugOfTheBackendAloneIsShrunkOnIt(t *testing.T) {
	m, err := mutant.Lookup("check-outside-lock")
	require.NoError(t, err)
	r := failures(t, m, 1)[0]
	cfg := replaying(t, r, memoryBackend())
	open := cfg.Backend.Open
	cfg.Mutant, cfg.Backend.Name = nil, "wrong"
	cfg.Backend.Open = func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		store, err := open(ctx, env)
		return m.Wrap(store), err
	}
	fast := memoryBackend()
	opts := bounded(500)
	opts.Fast = &fast
	outcome, err := shrink.Run(t.Context(), cfg, shrink.ClassOf(r), opts)
	require.NoError(t, err)
	require.True(t, outcome.Reproduced)
	require.Less(t, outcome.To.Operations, outcome.From.Operations)
	require.Equal(t, shrink.ClassOf(r), shrink.ClassOf(outcome.Result))
}
