package linearizability_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// TestWhatCannotBeJudgedIsUnknown takes a legal history and one thing away from it.
func TestWhatCannotBeJudgedIsUnknown(t *testing.T) {
	const legal = "c0 1-2 append a@0+x1 → ok \n c1 3-4 append b@0+y1 → ok \n c1 5-6 all → x1 y1 \n a = x1 \n b = y1 \n global = x1 y1"
	for _, tc := range []struct {
		name, reason string
		spoil        func(*linearizability.History)
	}{
		{"no final read", "not read to its end", func(h *linearizability.History) { h.Final = nil }},
		{"a stream that was not read", `Final has 2 streams`, func(h *linearizability.History) {
			h.Final.Streams = map[eventcore.StreamID][]eventcore.Recorded{eventcore.MustStreamID("a"): h.Final.Streams[eventcore.MustStreamID("a")]}
			h.Operations = h.Operations[:len(h.Operations)-1]
			h.Final.Streams[eventcore.MustStreamID("c")] = nil
		}},
		{"a used stream that Final does not have", `stream "b" was used`, func(h *linearizability.History) {
			delete(h.Final.Streams, eventcore.MustStreamID("b"))
			h.Operations = h.Operations[:len(h.Operations)-1]
		}},
		{"no final global order", "the final read did not", func(h *linearizability.History) { h.Final.Global = nil }},
		{"Final that the calls did not see", "other events than Final", func(h *linearizability.History) {
			h.Final.Streams[eventcore.MustStreamID("a")] = nil
		}},
		{"an ID sent twice", "was sent twice", func(h *linearizability.History) {
			h.Operations[1].Events[0].ID = h.Operations[0].Events[0].ID
		}},
		{"a call after the final read had begun", "client 0 made a call after", func(h *linearizability.History) {
			h.Operations[len(h.Operations)-1].Client = 0
		}},
		{"calls that are not sorted", "must be sorted", func(h *linearizability.History) {
			h.Operations[0], h.Operations[1] = h.Operations[1], h.Operations[0]
		}},
		{"a return before the call", "must be sorted", func(h *linearizability.History) { h.Operations[1].Return = 3 }},
		{"a final read that failed", "did not reach its end", func(h *linearizability.History) {
			h.Operations[len(h.Operations)-1].End = linearizability.Failed
		}},
		{"an event for a participant that is not there", "participant number 1", func(h *linearizability.History) {
			h.Operations[0].Events[0].Participant = 1
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := parse(t, legal)
			require.Equal(t, linearizability.OK, check(t, h).Verdict)
			tc.spoil(&h)
			report := check(t, h)
			require.Equal(t, linearizability.Unknown, report.Verdict)
			require.Equal(t, linearizability.Unknown, report.Porcupine)
			require.Contains(t, report.Reason, tc.reason)
			require.Empty(t, report.Anomalies)
		})
	}
}

func TestWherePorcupineRunsOutOfTimeTheFastCheckerDecides(t *testing.T) {
	h := generate(seeded(1), shape{clients: 8, ops: 5_000, streams: 4, unknown: 20, global: 5, ordered: true, window: 10})
	report := linearizability.Check(t.Context(), h, linearizability.Options{Timeout: time.Millisecond})
	require.Equal(t, linearizability.OK, report.Verdict)
	require.Equal(t, linearizability.Unknown, report.Porcupine)
	require.Equal(t, linearizability.OK, check(t, h).Porcupine, "with more time it agrees")

	h = parse(t, "c0 1-2 append a@0+x1 → ok \n c1 3-4 read a → \n a = x1")
	report = linearizability.Check(t.Context(), h, linearizability.Options{Timeout: 1})
	require.Equal(t, linearizability.Violation, report.Verdict)
	require.Equal(t, linearizability.Unknown, report.Porcupine)
	require.Equal(t, []string{linearizability.StaleRead}, names(report))
}

func TestAnEndedContextEndsPorcupineAlone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := parse(t, "c0 1-2 append a@0+x1 → ok \n a = x1")
	report := linearizability.Check(ctx, h, linearizability.Options{})
	require.Equal(t, linearizability.OK, report.Verdict)
	require.Equal(t, linearizability.Unknown, report.Porcupine)
}

func TestMemoryThatRunsOutIsUnknown(t *testing.T) {
	for _, tc := range []struct {
		name, history string
		enough        linearizability.Verdict
	}{
		{"legal", "c0 1-2 append a@0+x1 → ok \n c0 3-4 append a@1+x2 → ok \n a = x1 x2", linearizability.OK},
		{"illegal", "c0 1-2 append a@0+x1 → ok \n c0 3-4 append a@1+x2 → ok \n c0 5-6 read a → x1 \n a = x1 x2", linearizability.Violation},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := parse(t, tc.history)
			verdict, reason := linearizability.WithMemory(t.Context(), h, 1)
			require.Equal(t, linearizability.Unknown, verdict)
			require.Contains(t, reason, "memory was up")
			verdict, _ = linearizability.WithMemory(t.Context(), h, 100)
			require.Equal(t, tc.enough, verdict)
		})
	}
}
