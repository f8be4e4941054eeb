package linearizability_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/linearizability"
)

var update = flag.Bool("update", false, "write what is printed about anomalies into testdata/graph")

// circles has histories that only a graph sees through, and the nearest that are legal.
func circles() []struct{ name, anomaly, bad, good string } {
	return []struct{ name, anomaly, bad, good string }{
		{
			"two appends that rely on each other's event", linearizability.CircularReliance,
			"c0 1-3 append a@0+x1 b@1 → ok \n c1 2-4 append b@0+y1 a@1 → ok \n a = x1 \n b = y1",
			"c0 1-3 append a@0+x1 b@0 → ok \n c1 2-4 append b@0+y1 a@1 → ok \n a = x1 \n b = y1",
		},
		{
			"two appends each partly before the other", linearizability.TornAppend,
			"c0 1-3 append a@0+x1 b@1+x2 → ok \n c1 2-4 append a@1+y1 b@0+y2 → ok \n a = x1 y1 \n b = y2 x2",
			"c0 1-3 append a@0+x1 b@0+x2 → ok \n c1 2-4 append a@1+y1 b@1+y2 → ok \n a = x1 y1 \n b = x2 y2",
		},
		{
			"a stream relied on that had moved, by the global order", linearizability.UncheckedStream,
			"c0 1-4 append a@0+x1 → ok \n c1 2-5 append a@0 b@0+y1 → ok \n c2 3-6 all → x1 y1 \n a = x1 \n b = y1 \n global = x1 y1",
			"c0 1-4 append a@0+x1 → ok \n c1 2-5 append a@0 b@0+y1 → ok \n c2 3-6 all → y1 x1 \n a = x1 \n b = y1 \n global = y1 x1",
		},
		{
			"a filtered read that ends in the middle of a batch", linearizability.TornAppend,
			"c0 1-4 append a@0+x1,y1,x2 → ok \n c1 2-3 all type x → x1 \n a = x1 y1 x2 \n global = x1 y1 x2",
			"c0 1-4 append a@0+x1,y1,x2 → ok \n c1 2-3 all type y → y1 \n a = x1 y1 x2 \n global = x1 y1 x2",
		},
		{
			"a long way along a stream", linearizability.StaleRead,
			"c0 1-90 append a@0+x1 → ok \n c1 2-91 append a@1+x2 → ok \n c2 3-92 append a@2+x3 → ok \n c3 4-5 append a@3+x4 → ok \n c4 6-7 read a → \n a = x1 x2 x3 x4",
			"c0 1-90 append a@0+x1 → ok \n c1 2-91 append a@1+x2 → ok \n c2 3-92 append a@2+x3 → ok \n c3 4-7 append a@3+x4 → ok \n c4 5-6 read a → \n a = x1 x2 x3 x4",
		},
		{
			"an event of an unknown append seen, then missed by a conflict", linearizability.NonMonotonicRead,
			"c0 1-2 append a@0+x1 → unknown \n c1 3-4 read a → x1 \n c2 5-6 append a@7+x2 → conflict a expected 7 found 0 \n a = x1",
			"c0 1-2 append a@0+x1 → unknown \n c1 3-4 read a → x1 \n c2 5-6 append a@7+x2 → conflict a expected 7 \n a = x1",
		},
		{
			"a stream read after another that its events rely on", linearizability.StaleRead,
			`c0 1-90 append a@0+x1 → ok
			 c1 2-91 append a@1 b@0+y1 → ok
			 c2 3-92 append b@1 c@0+z1 → unknown
			 c3 4-5 read c → z1
			 c4 6-7 read a →
			 a = x1
			 b = y1
			 c = z1`,
			`c0 1-90 append a@0+x1 → ok
			 c1 2-91 append a@1 b@0+y1 → ok
			 c2 3-92 append b@1 c@0+z1 → unknown
			 c3 4-5 read c → failed
			 c4 6-7 read a →
			 a = x1
			 b = y1
			 c = z1`,
		},
		{
			"an append that came too late for what rested on it", linearizability.RealTimeInversion,
			"c0 1-2 append a@1 b@0+y1 → ok \n c1 3-4 append a@0+x1 → ok \n a = x1 \n b = y1",
			"c0 1-3 append a@1 b@0+y1 → ok \n c1 2-4 append a@0+x1 → ok \n a = x1 \n b = y1",
		},
	}
}

// TestGraphNamesAndProvesEveryAnomaly compares what is printed about hand-made histories,
// and has the nearest legal ones pass. -update writes what is printed.
func TestGraphNamesAndProvesEveryAnomaly(t *testing.T) {
	printed := make(map[string]string)
	for _, tc := range slices.Concat(anomalies(), circles()) {
		bad := parse(t, tc.bad)
		report := linearizability.CheckGraph(bad)
		require.Equal(t, linearizability.Violation, report.Verdict, tc.name)
		require.NotEmpty(t, report.Reason)
		for i := range report.Anomalies {
			require.Equal(t, tc.anomaly, report.Anomalies[i].Name, "%s\n%s", tc.name, report.Explain(&bad))
			require.NotEmpty(t, report.Anomalies[i].Operations)
		}
		printed[tc.anomaly] += fmt.Sprintf("# %s\n%s\n", tc.name, report.Explain(&bad))
		good := parse(t, tc.good)
		report = linearizability.CheckGraph(good)
		require.Equal(t, linearizability.OK, report.Verdict, "%s\n%s", tc.name, report.Explain(&good))
		require.Empty(t, report.Anomalies)
		require.Empty(t, report.Reason)
		require.Equal(t, linearizability.OK, check(t, good).Verdict, tc.name)
		require.Equal(t, linearizability.Violation, check(t, bad).Verdict, tc.name)
	}
	for anomaly, text := range printed {
		golden(t, strings.ReplaceAll(anomaly, " ", "_")+".txt", text)
	}
	for _, damage := range damages() {
		require.Contains(t, printed, damage.anomaly)
	}
}

func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", "graph", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text, "%s; -update writes it anew", path)
}

func TestGraphSaysWhatItCannotJudge(t *testing.T) {
	legal := "c0 1-2 append a@0+x1 → ok \n c1 3-4 read a → x1 \n a = x1"
	for _, tc := range []struct {
		name, reason string
		spoil        func(*linearizability.History)
	}{
		{"no final read", "not read to its end", func(h *linearizability.History) { h.Final = nil }},
		{"an event sent twice", "was sent twice", func(h *linearizability.History) {
			h.Operations[0].Events = append(h.Operations[0].Events, h.Operations[0].Events[0])
		}},
		{"a stream named twice", `stream "a" as two participants`, func(h *linearizability.History) {
			op := &h.Operations[0]
			op.Participants = append(op.Participants, op.Participants[0])
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := parse(t, legal)
			report := linearizability.CheckGraph(h)
			require.Equal(t, linearizability.OK, report.Verdict)
			tc.spoil(&h)
			report = linearizability.CheckGraph(h)
			require.Equal(t, linearizability.Unknown, report.Verdict)
			require.Contains(t, report.Reason, tc.reason)
			require.Contains(t, report.Explain(&h), tc.reason)
			require.Empty(t, report.Anomalies)
		})
	}
}
