package differ_test

import (
	"context"
	"iter"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/differ"
)

func inMemory(wrap func(eventcore.Store) eventcore.Store) sim.Backend {
	return sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return wrap(memory.New(memory.Config{Clock: env.Clock})), nil
	}}
}

func asItIs(store eventcore.Store) eventcore.Store { return store }

func onDisk() sim.Backend {
	return sim.Backend{Name: "file", Durable: true, Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		return file.Open(ctx, "", file.Config{FS: env.Disk.FS(), Clock: env.Clock, IDs: eventcore.NewIDGenerator(env.Clock, env.Random)})
	}}
}

// both runs a drawn program on two backends, call by call.
func both(t *testing.T, s scenarios.Scenario, seed uint64, bug *mutant.Mutant) (first, second *sim.Result) {
	t.Helper()
	drawn, err := sim.Run(t.Context(), sim.Config{Seed: seed, Backend: inMemory(asItIs), Scenario: s})
	require.NoError(t, err)
	faults := drawn.Plan.Faults
	cfg := sim.Config{Seed: seed, Backend: inMemory(asItIs), Scenario: s, Faults: &faults, Replay: &sim.Replay{Program: drawn.Program}}
	order := drawn.CallOrder()
	require.NotEmpty(t, order)
	second, err = differ.Run(t.Context(), withBackend(cfg, onDisk()), order)
	require.NoError(t, err)
	cfg.Mutant = bug
	first, err = differ.Run(t.Context(), cfg, order)
	require.NoError(t, err)
	return first, second
}

func withBackend(cfg sim.Config, b sim.Backend) sim.Config {
	cfg.Backend = b
	return cfg
}

func TestBackendsAnswerAlikeInEveryScenario(t *testing.T) {
	seeds := uint64(10)
	if testing.Short() {
		seeds = 2
	}
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			for seed := range seeds {
				first, second := both(t, s, seed+1, nil)
				d := differ.Compare(first, second)
				require.Nil(t, d, "seed %d: %v", seed+1, d)
			}
		})
	}
}

func TestAPlantedBugIsADifference(t *testing.T) {
	for name, want := range map[string]string{
		"unchecked-participant": "conflict at ",
		"early-end":             "read ",
		"wrong-version-result":  "applied",
	} {
		t.Run(name, func(t *testing.T) {
			bug, err := mutant.Lookup(name)
			require.NoError(t, err)
			for seed := range uint64(20) {
				for _, s := range scenarios.All() {
					first, second := both(t, s, seed+1, &bug)
					if d := differ.Compare(first, second); d != nil {
						require.Equal(t, "memory", d.First)
						require.Equal(t, "file", d.Second)
						require.Contains(t, d.FirstSaid+d.SecondSaid, want, d.String())
						require.NotEqual(t, d.FirstSaid, d.SecondSaid)
						return
					}
				}
			}
			t.Fatal("no difference was found")
		})
	}
}

// shifted has positions that begin elsewhere each time it is opened, as those of a server that
// others use too.
type shifted struct {
	eventcore.Store
	by uint64
}

func (s shifted) move(events iter.Seq2[eventcore.Recorded, error]) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		for event, err := range events {
			if err == nil {
				event.Position = s.position(event.Position, s.by)
			}
			if !yield(event, err) {
				return
			}
		}
	}
}

func (s shifted) position(at eventcore.Position, by uint64) eventcore.Position {
	hi, lo := at.Parts()
	if at.IsZero() {
		return at
	}
	return eventcore.NewPosition(hi, lo+by)
}

func (s shifted) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	got, err := s.Store.Append(ctx, writes)
	got.Last = s.position(got.Last, s.by)
	return got, err
}

func (s shifted) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return s.move(s.Store.ReadStream(ctx, id, after))
}

func (s shifted) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return s.move(s.Store.(eventcore.AllReader).ReadAll(ctx, filter, s.position(after, -s.by), limit))
}

// flaky fails every second time it is opened.
type flaky struct {
	eventcore.Store
	opened int64
}

func (f flaky) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	if f.opened%2 == 0 {
		return eventcore.Appended{}, &eventcore.StoreFailure{Operation: eventcore.OpAppend, Err: context.DeadlineExceeded}
	}
	return f.Store.Append(ctx, writes)
}

func TestGradesAreMeasured(t *testing.T) {
	s, err := scenarios.Lookup("contention")
	require.NoError(t, err)
	var opened atomic.Int64
	for want, b := range map[differ.Grade]sim.Backend{
		differ.Bit: onDisk(),
		differ.Schedule: inMemory(func(store eventcore.Store) eventcore.Store {
			return shifted{store, uint64(opened.Add(1))}
		}),
		differ.None: inMemory(func(store eventcore.Store) eventcore.Store {
			return flaky{store, opened.Add(1)}
		}),
	} {
		got, err := differ.GradeOf(t.Context(), sim.Config{Seed: 1, Backend: b, Scenario: s})
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.Equal(t, differ.None, differ.Worse(differ.Outcome, differ.None))
	require.Equal(t, differ.Schedule, differ.Worse(differ.Schedule, differ.Bit))
}
