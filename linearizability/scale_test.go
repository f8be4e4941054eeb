package linearizability_test

import (
	"fmt"
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
			require.Contains(t, []string{linearizability.StaleRead, linearizability.NonMonotonicRead}, report.Anomalies[len(report.Anomalies)-1].Name)
			require.Contains(t, report.Anomalies[len(report.Anomalies)-1].Operations, i)
			break
		}
	}
	require.Equal(t, 10, found)
}
