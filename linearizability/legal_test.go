package linearizability_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/linearizability"
)

func shapes() []shape {
	return []shape{
		{clients: 3, ops: 12, streams: 2},
		{clients: 3, ops: 12, streams: 2, unknown: 30, partial: 30, ordered: true},
		{clients: 4, ops: 20, streams: 3, unknown: 20, partial: 20, global: 30, ordered: true},
		{clients: 1, ops: 30, streams: 4, unknown: 10, partial: 10, global: 10, ordered: true},
		{clients: 4, ops: 40, streams: 4, unknown: 10, partial: 10, window: 8},
	}
}

func text(h linearizability.History) string {
	var b strings.Builder
	for i := range h.Operations {
		fmt.Fprintf(&b, "%d: %s\n", i, &h.Operations[i])
	}
	return b.String()
}

func TestLegalHistoriesPass(t *testing.T) {
	for n, s := range shapes() {
		for seed := range uint64(600) {
			h := generate(seeded(seed), s)
			report := check(t, h)
			require.Equal(t, linearizability.OK, report.Verdict, "shape %d seed %d: %+v\n%s", n, seed, report, text(h))
			require.Equal(t, linearizability.OK, report.Porcupine)
			require.Empty(t, report.Anomalies)
		}
	}
}

func TestLegalHistoriesPassAndShrink(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }
		h := generate(pick, shapes()[pick(len(shapes()))])
		report := linearizability.Check(t.Context(), h, linearizability.Options{Timeout: time.Minute})
		require.Equal(t, linearizability.OK, report.Verdict, "%+v\n%s", report, text(h))
	})
}
