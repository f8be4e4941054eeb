package shrink_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

func memoryBackend() sim.Backend {
	return sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return memory.New(memory.Config{Clock: env.Clock}), nil
	}}
}

func fileBackend() sim.Backend {
	return sim.Backend{Name: "file", Durable: true, Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		return file.Open(ctx, "", file.Config{
			FS: env.Disk.FS(), Clock: env.Clock, IDs: eventcore.NewIDGenerator(env.Clock, env.Random),
		})
	}}
}

func allMutants() []mutant.Mutant {
	return slices.Concat(mutant.All(), mutant.OfState(), mutant.OfDisk())
}

// backendFor returns the backend that can show a mutant.
func backendFor(m mutant.Mutant) sim.Backend {
	if m.Layer == mutant.Disk {
		return fileBackend()
	}
	return memoryBackend()
}

// failures returns the first n runs that a mutant fails, over all scenarios, but for those
// that make no progress for 10,000 steps: shrinking them takes as many each time.
func failures(t testing.TB, m mutant.Mutant, n int) (failed []*sim.Result) {
	t.Helper()
	for seed := uint64(1); len(failed) < n && seed < 2000; seed++ {
		for _, s := range scenarios.All() {
			r, err := sim.Run(t.Context(), sim.Config{Seed: seed, Backend: backendFor(m), Scenario: s, Mutant: &m})
			require.NoError(t, err)
			if r.Failed() && len(r.Schedule) < 10_000 && len(failed) < n {
				failed = append(failed, r)
			}
		}
	}
	require.Len(t, failed, n, "seeds that show %s", m.Name)
	return failed
}

// shrunk shrinks a run.
func shrunk(t testing.TB, r *sim.Result, b sim.Backend, opts shrink.Options) *shrink.Outcome {
	t.Helper()
	outcome, err := shrink.Run(t.Context(), replaying(t, r, b), shrink.ClassOf(r), opts)
	require.NoError(t, err)
	return outcome
}

// replaying returns the configuration that replays a run.
func replaying(t testing.TB, r *sim.Result, b sim.Backend) sim.Config {
	t.Helper()
	cfg, err := seedfile.Of(r).Config(b)
	require.NoError(t, err)
	return cfg
}
