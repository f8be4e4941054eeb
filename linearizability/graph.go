package linearizability

import (
	"fmt"
	"math"
	"strings"
)

// GraphReport is what [CheckGraph] found.
type GraphReport struct {
	// Verdict is Unknown only for a history that cannot be judged at all.
	Verdict Verdict
	// Reason says in one sentence why the verdict is not OK.
	Reason string
	// Anomalies are a few of each name, the plainest first.
	Anomalies []Anomaly
	// beyond says that all that was found is in the global order that no client read,
	// which the model for porcupine does not look at.
	beyond bool
}

// CheckGraph judges a history without trying any order, in time and memory
// near-linear in its calls and the events that they saw. It is safe for concurrent use
// with other readers of the history.
//
// The final read says which append wrote each version, so every call says between which
// two appends of a stream it took effect. That makes a graph: who must come before
// whom. The history is linearizable if and only if the store's contents are sound and no
// circle is made of edges of this graph and at most one pair of calls in real time.
//
// It is complete: within the limits below, the verdict is Violation for exactly the
// histories that no order explains, unknown outcomes, filters and limits included. It is
// Unknown, and Reason says why, without a final read or where the history is not one
// that a [Recorder] records, where an event ID was sent twice, and where an append
// names a stream twice. What a history does not hold is not judged: payloads and types of
// events, whether a conflict of an unknown version was one, and, as in [Check], the
// global order beyond its own soundness and real time if no client read it. Not every
// anomaly is listed: once contents are unsound the order is not looked at, each name
// comes at most three times, and behind a circle only calls that it does not hold up.
//
// The time grows beyond that only with the number of different filters of reads of the
// global order: a pass over the global order for each.
func CheckGraph(history History) GraphReport {
	l, reason := newFinalLog(&history)
	if reason != "" {
		return GraphReport{Verdict: Unknown, Reason: reason}
	}
	return l.checkGraph()
}

func (l *finalLog) checkGraph() GraphReport {
	if reason := l.graphable(); reason != "" {
		return GraphReport{Verdict: Unknown, Reason: reason}
	}
	g := &l.graph
	g.reset(l)
	if g.checkStructure() {
		g.build()
		g.search()
	}
	return g.report()
}

// report turns what was found into the report.
func (g *graph) report() GraphReport {
	f := &g.found
	if len(f.all) == 0 {
		return GraphReport{Verdict: OK}
	}
	return GraphReport{Verdict: Violation, Reason: f.all[0].Message, Anomalies: f.all, beyond: f.beyond == f.total()}
}

// graphable says what keeps a history out of a graph, "" if nothing does.
func (l *finalLog) graphable() string {
	if len(l.ops) >= math.MaxInt32 || len(l.sent) >= math.MaxInt32 {
		return "the history has more calls or events than can be numbered"
	}
	l.graph.last = zeroed(l.graph.last, len(l.names))
	last := l.graph.last // the last append, plus 1, that named a stream
	for i := range l.ops {
		if l.ops[i].Kind != Append {
			continue
		}
		for _, s := range l.parts[i] {
			if last[s] == i+1 {
				return fmt.Sprintf("client %d appends with stream %q as two participants", l.ops[i].Client, l.names[s])
			}
			last[s] = i + 1
		}
	}
	return ""
}

// Explain returns the anomalies with the calls of the history that prove them, and why,
// for people to read. The history must be the one that was checked.
func (r *GraphReport) Explain(history *History) string {
	var b strings.Builder
	b.WriteString(r.Verdict.String() + "\n")
	if r.Verdict == Unknown {
		b.WriteString("  " + r.Reason + "\n")
	}
	for i := range r.Anomalies {
		p := &r.Anomalies[i]
		b.WriteString(p.Name + "\n")
		if len(p.Edges) == 0 {
			b.WriteString("  " + p.Message + "\n")
		}
		for _, n := range p.Operations {
			fmt.Fprintf(&b, "  call %d: %s\n", n, &history.Operations[n])
		}
		for _, edge := range p.Edges {
			b.WriteString("  " + edge + "\n")
		}
	}
	return b.String()
}
