package linearizability_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// witness returns what is left of a history once everything but the operations of a
// proof is freed: reads and refusals are left out, and appends only keep their place in
// the streams that they write to.
func witness(d *draft, proof []int) []linearizability.Operation {
	var ops []linearizability.Operation
	for i := range d.ops {
		op := d.ops[i]
		switch {
		case slices.Contains(proof, i):
		case op.Kind != linearizability.Append || op.Outcome == eventcore.OutcomeNotApplied || len(op.Events) == 0:
			continue
		default:
			op.Call, op.Return = 1, linearizability.Never
			op.Participants, op.Events = written(&op)
		}
		ops = append(ops, op)
	}
	return ops
}

// written returns the participants that an append writes to, and its events.
func written(op *linearizability.Operation) ([]eventcore.Participant, []linearizability.Event) {
	var parts []eventcore.Participant
	events := slices.Clone(op.Events)
	for p, part := range op.Participants {
		if part.Events == 0 {
			continue
		}
		for e := range op.Events {
			if op.Events[e].Participant == p {
				events[e].Participant = len(parts)
			}
		}
		parts = append(parts, part)
	}
	return parts, events
}

// TestTheCallsOfAProofProveItAndNoReadIsTooMany leaves out everything that the proof does
// not name, and then each read that it does.
func TestTheCallsOfAProofProveItAndNoReadIsTooMany(t *testing.T) {
	found := make(map[string]int)
	for _, damage := range damages() {
		for seed := range seeds(t, 4000) {
			pick := seeded(seed + 3<<32)
			d := draftOf(generate(pick, damage.shape))
			damage.do(&d, pick)
			h := d.history()
			report := linearizability.CheckGraph(h)
			global := d.final.Global != nil && readsGlobal(d.ops)
			for _, p := range report.Anomalies {
				if len(p.Edges) == 0 {
					continue
				}
				found[p.Name]++
				require.Len(t, p.Edges, len(p.Operations))
				require.False(t, newOracle(witness(&d, p.Operations), d.final, global).linearizable(), "%s %d: %s\n%s", damage.anomaly, seed, report.Explain(&h), text(h))
				for n, i := range p.Operations {
					if h.Operations[i].Kind == linearizability.Append && h.Operations[i].Outcome != eventcore.OutcomeNotApplied {
						continue
					}
					rest := slices.Delete(slices.Clone(p.Operations), n, n+1)
					require.True(t, newOracle(witness(&d, rest), d.final, global).linearizable(), "%s %d: call %d is too many\n%s\n%s", damage.anomaly, seed, i, report.Explain(&h), text(h))
				}
			}
		}
	}
	t.Log(found)
	least := 50
	if testing.Short() {
		least = 5
	}
	for _, name := range []string{
		linearizability.TornAppend, linearizability.UncheckedStream, linearizability.WriteSkew, linearizability.CircularReliance,
		linearizability.StaleRead, linearizability.NonMonotonicRead, linearizability.FutureRead, linearizability.RealTimeInversion,
	} {
		require.Greater(t, found[name], least, name)
	}
}
