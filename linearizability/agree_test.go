package linearizability_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/linearizability"
)

func smallShapes() []shape {
	return []shape{
		{clients: 2, ops: 5, streams: 2},
		{clients: 3, ops: 6, streams: 2, unknown: 30, partial: 20},
		{clients: 3, ops: 6, streams: 2, unknown: 20, partial: 20, ordered: true},
		{clients: 3, ops: 6, streams: 2, unknown: 20, partial: 20, global: 30, ordered: true},
		{clients: 3, ops: 6, streams: 3, global: 40, ordered: true},
	}
}

// altered draws a legal history of that shape in which up to three things are changed.
func altered(pick choose, s shape) draft {
	d := draftOf(generate(pick, s))
	for range pick(4) {
		mutations()[pick(len(mutations()))](&d, &d.ops[pick(len(d.ops))], pick)
	}
	return d
}

func readsGlobal(ops []linearizability.Operation) bool {
	return slices.ContainsFunc(ops, func(op linearizability.Operation) bool { return op.Kind == linearizability.ReadAll })
}

// TestAgreesWithTryingEveryOrder compares verdicts on legal histories and on ones in
// which one to three things were changed.
func TestAgreesWithTryingEveryOrder(t *testing.T) {
	counts := make(map[linearizability.Verdict]int)
	histories := seeds(t, 3000)
	for n, s := range smallShapes() {
		for seed := range histories {
			pick := seeded(seed)
			d := altered(pick, s)
			h := d.history()
			report := check(t, h)
			counts[report.Verdict]++
			strict := newOracle(d.ops, d.final, d.final.Global != nil).linearizable()
			where := func() string { return text(h) }
			if strict {
				require.Equal(t, linearizability.OK, report.Verdict, "shape %d seed %d: %+v\n%s", n, seed, report, where())
				require.Equal(t, linearizability.OK, report.Porcupine, "shape %d seed %d\n%s", n, seed, where())
				continue
			}
			if d.final.Global != nil && !readsGlobal(d.ops) && newOracle(d.ops, d.final, false).linearizable() {
				// Nobody asked for the global order: the rules alone look at the final one.
				continue
			}
			require.Equal(t, linearizability.Violation, report.Verdict, "shape %d seed %d: %+v\n%s", n, seed, report, where())
			require.NotEmpty(t, report.Anomalies)
			require.Equal(t, linearizability.Violation, report.Porcupine, "shape %d seed %d: the model missed %v\n%s", n, seed, report.Anomalies, where())
		}
	}
	t.Log(counts)
	require.Greater(t, counts[linearizability.OK], int(histories)/3)
	require.Greater(t, counts[linearizability.Violation], int(histories)/3)
}

// TestNarrowIntervalsChangeNoVerdict: narrowing takes no order away that explains a
// history, and adds none.
func TestNarrowIntervalsChangeNoVerdict(t *testing.T) {
	violations := 0
	histories := seeds(t, 1500)
	for n, s := range smallShapes() {
		for seed := range histories {
			pick := seeded(seed)
			d := altered(pick, s)
			h := d.history()
			narrowed, within := linearizability.Narrowed(t.Context(), h)
			plain := linearizability.Plain(t.Context(), h)
			require.True(t, within, "shape %d seed %d\n%s", n, seed, text(h))
			require.Equal(t, plain, narrowed, "shape %d seed %d\n%s", n, seed, text(h))
			if slices.Contains(plain, linearizability.Violation) {
				violations++
			}
		}
	}
	require.Greater(t, violations, int(histories)/3)
}
