package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/fleet"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

var server pgtest.Once

func TestMain(m *testing.M) { os.Exit(server.Run(m)) }

func open(t *testing.T) *fleet.Fleet {
	t.Helper()
	f, err := fleet.Open(t.Context(), server.DSN(t))
	require.NoError(t, err)
	t.Cleanup(f.Close)
	return f
}

// carry runs contention on the memory backend, with a bug.
func carry(bug string) fleet.Carry {
	return func(ctx context.Context, _ fleet.Spec, r fleet.Range, known map[string]string) (out fleet.Outcome, err error) {
		scenario, err := scenarios.Lookup("contention")
		if err != nil {
			return out, err
		}
		cfg := sim.Config{Scenario: scenario, Backend: sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
			return memory.New(memory.Config{Clock: env.Clock}), nil
		}}}
		if bug != "" {
			m, err := mutant.Lookup(bug)
			if err != nil {
				return out, err
			}
			cfg.Mutant = &m
		}
		out.Summary, err = sim.Batch{
			Runs: func(yield func(sim.Config) bool) {
				for i := range r.Seeds {
					cfg.Seed = r.First + i
					if !yield(cfg) {
						return
					}
				}
			},
			OnResult: func(r *sim.Result) bool {
				if !r.Failed() {
					return true
				}
				f := fleet.Failure{File: seedfile.Of(r), Reason: r.Reason, Found: 1}
				f.Kind = f.File.Signature()
				f.Signature = known[f.Kind]
				out.Failures = append(out.Failures, f)
				return true
			},
		}.Do(ctx)
		return out, errors.Join(err, ctx.Err())
	}
}

func quick(name string) fleet.WorkerConfig {
	return fleet.WorkerConfig{Name: name, Ranges: 2, Beat: 100 * time.Millisecond, Lost: time.Second, Drain: true}
}

func TestEachSeedCountsOnceAndEachBugIsThereOnce(t *testing.T) {
	f := open(t)
	campaign, err := f.Submit(t.Context(), fleet.Spec{First: 5, Seeds: 47, Size: 4})
	require.NoError(t, err)
	var workers sync.WaitGroup
	for i := range 3 {
		workers.Go(func() {
			if err := f.Work(t.Context(), quick(fmt.Sprint("worker ", i)), carry("lost-append")); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	s, err := f.Status(t.Context(), campaign)
	require.NoError(t, err)
	require.True(t, s.Complete())
	require.Equal(t, 12, s.Ranges)
	require.EqualValues(t, 47, s.Seeds)
	require.Len(t, s.Workloads, 1)
	require.EqualValues(t, 47, s.Workloads[0].Runs)
	require.Positive(t, s.Workloads[0].Failed)
	require.NotEmpty(t, s.Faults)
	found, signatures := int64(0), map[string]bool{}
	for _, failure := range s.Failures {
		require.False(t, signatures[failure.Signature], "%s is there twice", failure.Signature)
		signatures[failure.Signature] = true
		require.Equal(t, failure.Signature, failure.File.Signature())
		require.Equal(t, failure.Seed, failure.File.Seed)
		found += failure.Found
	}
	require.Equal(t, s.Workloads[0].Failed, found)
	// The same by hand.
	whole, err := carry("lost-append")(t.Context(), fleet.Spec{}, fleet.Range{First: 5, Seeds: 47}, nil)
	require.NoError(t, err)
	same := map[string]bool{}
	for i := range whole.Failures {
		same[whole.Failures[i].File.Signature()] = true
	}
	require.Equal(t, same, signatures)
}

// TestAWorkerThatIsLostLosesNothing has workers that hang with their ranges and say no more
// that they are alive; one of them reports all the same, long after another has.
func TestAWorkerThatIsLostLosesNothing(t *testing.T) {
	f := open(t)
	campaign, err := f.Submit(t.Context(), fleet.Spec{Seeds: 6, Size: 1})
	require.NoError(t, err)
	silent := quick("silent")
	silent.Beat, silent.Lost, silent.Drain = time.Hour, time.Hour, false
	release, hung := make(chan struct{}), atomic.Int32{}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var workers sync.WaitGroup
	workers.Go(func() {
		err := f.Work(ctx, silent, func(ctx context.Context, s fleet.Spec, r fleet.Range, known map[string]string) (fleet.Outcome, error) {
			hung.Add(1)
			<-release
			return carry("")(context.WithoutCancel(ctx), s, r, known)
		})
		if err != nil {
			t.Error(err)
		}
	})
	require.Eventually(t, func() bool { return hung.Load() == 2 }, 20*time.Second, 10*time.Millisecond)
	require.NoError(t, f.Work(t.Context(), quick("alive"), carry("")))
	s, err := f.Status(t.Context(), campaign)
	require.NoError(t, err)
	require.True(t, s.Complete())
	require.EqualValues(t, 6, s.Workloads[0].Runs)
	require.Equal(t, 2, s.Again)
	close(release)
	time.Sleep(300 * time.Millisecond) // the silent one reports, and nobody can know
	stop()
	workers.Wait()
	after, err := f.Status(t.Context(), campaign)
	require.NoError(t, err)
	require.Equal(t, s.Workloads, after.Workloads, "a range was counted twice")
}

func TestARangeThatCannotBeCarriedOutIsSaidToBeSo(t *testing.T) {
	f := open(t)
	campaign, err := f.Submit(t.Context(), fleet.Spec{Seeds: 1, Size: 1})
	require.NoError(t, err)
	tries := atomic.Int32{}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		for {
			if s, err := f.Status(ctx, campaign); err != nil || tries.Load() > 1 && s.Reported == 0 {
				stop()
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	cfg := quick("worker")
	cfg.Drain = false
	require.NoError(t, f.Work(ctx, cfg, func(context.Context, fleet.Spec, fleet.Range, map[string]string) (fleet.Outcome, error) {
		tries.Add(1)
		return fleet.Outcome{}, errors.New("there is no such backend here")
	}))
	s, err := f.Status(t.Context(), campaign)
	require.NoError(t, err)
	require.Zero(t, s.Reported)
	require.Greater(t, tries.Load(), int32(1), "it is tried again")
}

func TestWhatIsNotThereIsSaidToBeSo(t *testing.T) {
	f := open(t)
	_, err := f.Latest(t.Context())
	require.ErrorIs(t, err, fleet.ErrUnknownCampaign)
	_, err = f.Status(t.Context(), 7)
	require.ErrorIs(t, err, fleet.ErrUnknownCampaign)
	_, err = f.Submit(t.Context(), fleet.Spec{Seeds: 3})
	require.ErrorContains(t, err, "3 seeds in ranges of 0")
	require.ErrorContains(t, f.Work(t.Context(), fleet.WorkerConfig{}, carry("")), "the worker has no name")
}
