package sim_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

func TestParallelRunsPass(t *testing.T) {
	seeds := uint64(10)
	if testing.Short() {
		seeds = 2
	}
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			overlaps, fired := 0, 0
			for seed := range seeds {
				result, err := sim.Parallel(t.Context(), sim.Config{Seed: seed + 1, Backend: memoryBackend(), Scenario: s})
				require.NoError(t, err)
				require.Equal(t, sim.Pass, result.Verdict, "seed %d: %s", seed+1, result.Reason)
				require.Positive(t, result.Coverage.Calls)
				overlaps += result.Coverage.Overlaps
				fired += len(result.Faults)
			}
			t.Logf("%d overlaps, %d faults", overlaps, fired)
			require.Positive(t, fired)
		})
	}
}

// unlocked checks versions and appends without holding anything in between, and says
// nothing to the simulator there.
type unlocked struct{ *memory.Store }

func (s unlocked) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	for _, p := range writes.Participants() {
		actual := eventcore.Version(0)
		for e, err := range s.ReadStream(ctx, p.Stream, 0) {
			if err != nil {
				return eventcore.Appended{}, err
			}
			actual = e.Version
		}
		if actual != p.Expected {
			return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: actual}
		}
	}
	runtime.Gosched() // others come in between
	for {
		got, err := s.Store.Append(ctx, writes)
		conflict, is := errors.AsType[*eventcore.VersionConflict](err)
		if !is {
			return got, err
		}
		moved := eventcore.Writes{}
		for i, p := range writes.Participants() {
			if p.Stream == conflict.Stream {
				p.Expected = conflict.Actual
			}
			if err := moved.Expect(p.Stream, p.Expected); err != nil {
				return eventcore.Appended{}, err
			}
			for _, e := range writes.Events() {
				if e.Participant == i {
					if err := moved.Append(p.Stream, e.Event); err != nil {
						return eventcore.Appended{}, err
					}
				}
			}
		}
		writes = moved
	}
}

// What lies between two yield points no simulated run can see.
func TestParallelFindsALockThatIsMissingBetweenYieldPoints(t *testing.T) {
	b := wrapped("unlocked", func(store *memory.Store) eventcore.Store { return unlocked{store} })
	cfg := sim.Config{Backend: b, Scenario: scenario(t, "contention"), Faults: noFaults()}
	for seed := range uint64(20) {
		cfg.Seed = seed + 1
		require.Equal(t, sim.Pass, run(t, cfg).Verdict)
	}
	for seed := range uint64(200) {
		cfg.Seed = seed + 1
		result, err := sim.Parallel(t.Context(), cfg)
		require.NoError(t, err)
		if result.Verdict == sim.Violation {
			t.Logf("seed %d: %s", seed+1, result.Findings[0].Name)
			return
		}
	}
	t.Fatal("no parallel run found the lock missing")
}
