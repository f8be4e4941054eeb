package sim_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

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
