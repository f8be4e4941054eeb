package linearizability_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// TestManyClientsAreDecided: porcupine alone gives up on the last two.
func TestManyClientsAreDecided(t *testing.T) {
	for _, s := range []shape{
		{clients: 4, streams: 1, ops: 2000},
		{clients: 8, streams: 4, ops: 2000, unknown: 30, partial: 10, global: 20, ordered: true},
		{clients: 24, streams: 1, ops: 2000},
		{clients: 24, streams: 4, ops: 2000, unknown: 10, partial: 10, ordered: true},
	} {
		s.window = 20
		t.Run(fmt.Sprintf("clients=%d/streams=%d", s.clients, s.streams), func(t *testing.T) {
			for seed := range uint64(2) {
				require.Equal(t, linearizability.OK, check(t, generate(seeded(seed), s)).Verdict)
			}
		})
	}
}

// TestAViolationAmongManyClientsIsOneForPorcupineToo: on the real calls it gives up.
func TestAViolationAmongManyClientsIsOneForPorcupineToo(t *testing.T) {
	h := generate(seeded(1), shape{clients: 16, streams: 1, ops: 2000, window: 30})
	for i := len(h.Operations) * 2 / 3; i < len(h.Operations); i++ {
		if op := &h.Operations[i]; op.Client != linearizability.FinalClient && len(op.Seen) > 5 {
			op.Seen = slices.Clone(op.Seen)
			op.Seen[0].ID, op.Seen[1].ID = op.Seen[1].ID, op.Seen[0].ID
			break
		}
	}
	report := check(t, h)
	require.Equal(t, linearizability.Violation, report.Porcupine)
	require.Equal(t, []string{linearizability.IncompatibleOrder}, slices.Compact(names(report)))
	plain := linearizability.Plain(t.Context(), h)
	require.Equal(t, []linearizability.Verdict{linearizability.Unknown}, plain)
}

// TestOneFlawInALongHistoryIsFound hides one missing event among thousands of calls.
func TestOneFlawInALongHistoryIsFound(t *testing.T) {
	found := 0
	for seed := range uint64(10) {
		h := generate(seeded(seed), shape{clients: 4, streams: 4, ops: 2000, unknown: 5, window: 20})
		for i := len(h.Operations) / 2; i < len(h.Operations); i++ {
			op := &h.Operations[i]
			if op.Kind != linearizability.ReadStream || op.Client == linearizability.FinalClient || len(op.Seen) < 3 {
				continue
			}
			op.Seen = op.Seen[:1]
			found++
			report := check(t, h)
			require.Equal(t, linearizability.Violation, report.Verdict)
			require.Equal(t, linearizability.Violation, report.Porcupine)
			require.Contains(t, []string{linearizability.StaleRead, linearizability.NonMonotonicRead, linearizability.TornAppend}, report.Anomalies[len(report.Anomalies)-1].Name)
			require.Contains(t, report.Anomalies[len(report.Anomalies)-1].Operations, i)
			break
		}
	}
	require.Equal(t, 10, found)
}
