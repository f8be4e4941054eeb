package sim_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// failing is a scenario with an invariant that does not hold where does says so.
func failing(t *testing.T, does func() error) scenarios.Scenario {
	t.Helper()
	s := scenario(t, "contention")
	s.Invariants = []scenarios.Invariant{{Name: "planted", Check: func(*scenarios.Final) error { return does() }}}
	return s
}

// TestVerifyDoesNotPassWhatFailsTheSecondTimeOnly, with the same trace.
func TestVerifyDoesNotPassWhatFailsTheSecondTimeOnly(t *testing.T) {
	runs := 0
	s := failing(t, func() error {
		if runs++; runs == 2 {
			return errors.New("planted")
		}
		return nil
	})
	r, err := sim.Verify(t.Context(), sim.Config{Backend: memoryBackend(), Scenario: s})
	require.NoError(t, err)
	require.Equal(t, sim.NotDeterministic, r.Verdict)
	require.Contains(t, r.Reason, "violation")
	require.Contains(t, r.Reason, "planted")
}

// TestAFailureIsReportedThatIsFoundAsTheContextEnds, and not for an interruption.
func TestAFailureIsReportedThatIsFoundAsTheContextEnds(t *testing.T) {
	for how, carryOut := range carriedOut {
		t.Run(how, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r, err := carryOut(ctx, sim.Config{Backend: memoryBackend(), Scenario: failing(t, func() error {
				cancel()
				return errors.New("planted")
			})})
			require.NoError(t, err)
			require.Equal(t, sim.Violation, r.Verdict)
			require.Equal(t, "invariant planted", r.Findings[0].Name)
		})
	}
}

// TestWhatEndsWithTheContextIsNoFailure, whatever the store or the checker makes of that.
func TestWhatEndsWithTheContextIsNoFailure(t *testing.T) {
	for how, carryOut := range carriedOut {
		for at, phase := range map[string]scenarios.Phase{"set-up": scenarios.PhaseSetup, "clients": scenarios.PhaseSafety, "probes": scenarios.PhaseProbe} {
			t.Run(at+" "+how, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				s := scenario(t, "transfers")
				carry := s.Run
				s.Run = func(ctx context.Context, c *scenarios.Client, op scenarios.Op) scenarios.Result {
					if c.Patient == (phase != scenarios.PhaseSafety) {
						cancel()
					}
					return carry(ctx, c, op)
				}
				_, err := carryOut(ctx, sim.Config{Seed: 3, Backend: memoryBackend(), Scenario: s, Faults: noFaults()})
				require.ErrorIs(t, err, context.Canceled)
			})
		}
	}
	for how, carryOut := range carriedOut {
		t.Run("checker "+how, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			cfg := sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "contention")}
			cfg.Check = func(ctx context.Context, h linearizability.History, o linearizability.Options) linearizability.Report {
				cancel()
				return linearizability.Check(ctx, h, o)
			}
			_, err := carryOut(ctx, cfg)
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}

// TestABatchDeliversWhatIsBeforeABadConfiguration, however long that takes.
func TestABatchDeliversWhatIsBeforeABadConfiguration(t *testing.T) {
	for range 20 {
		refused := make(chan struct{})
		slow := sim.Config{Backend: memoryBackend(), Scenario: failing(t, func() error {
			<-refused
			return errors.New("planted")
		})}
		bad := sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "contention"), Replay: only(nil)}
		bad.Scenario.Validate = func(scenarios.Program) error {
			close(refused)
			return errors.New("it is not valid")
		}
		sum, err := sim.Batch{Workers: 2, Runs: func(yield func(sim.Config) bool) {
			_ = yield(slow) && yield(bad) && yield(slow)
		}}.Do(t.Context())
		require.ErrorContains(t, err, "it is not valid")
		require.Equal(t, 1, sum.Verdicts[sim.Violation])
		require.Equal(t, 1, sum.Runs)
	}
}
