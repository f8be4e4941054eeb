package linearizability

import (
	"context"
	"fmt"
	"time"
)

// Verdict is the judgement on a history.
type Verdict uint8

// The verdicts.
const (
	// OK: one order of the calls explains all results.
	OK Verdict = iota + 1
	// Violation: no order does.
	Violation
	// Unknown: it could not be decided.
	Unknown
	// Disagreement: one of two checkers says OK and the other Violation, so one of them
	// is wrong. It says nothing about the store.
	Disagreement
)

// String returns "ok", "violation", "unknown" or "disagreement".
func (v Verdict) String() string {
	switch v {
	case OK:
		return "ok"
	case Violation:
		return "violation"
	case Disagreement:
		return "disagreement"
	default:
		return "unknown"
	}
}

// Options are the options of [Check].
type Options struct {
	// Timeout is the real time that porcupine may take. 0: [DefaultTimeout].
	Timeout time.Duration
}

// DefaultTimeout is the time that porcupine may take where none is given. Nearly always
// it needs a thousandth of it, or has no end in sight.
const DefaultTimeout = time.Second

// Report is what [Check] found.
type Report struct {
	Verdict Verdict
	// Reason says in one sentence why the verdict is not OK.
	Reason string
	// Anomalies are what the fast checker found, a few of each name.
	Anomalies []Anomaly
	// Porcupine is the verdict of porcupine and its model alone: Unknown where it ran out of time or memory, and
	// where it was not asked because the history cannot be judged.
	Porcupine Verdict
}

// Check judges a history twice: with [CheckGraph], which decides and names anomalies, and
// with porcupine (github.com/anishathalye/porcupine, after Wing and Gong and Lowe) and a
// model of the whole store, which shares no rule with it. Where the model goes along with
// the calls in the order in which porcupine would try them first, which keeps to real time,
// that is porcupine's OK, and porcupine need not search for it. Where porcupine comes to the
// contrary the verdict is Disagreement: one of the two is wrong. porcupine can take
// exponential time and memory; where it cannot decide in its limits, or before ctx is
// done, the fast checker's verdict stands alone.
//
// The verdict is Unknown, and Reason says why, for a history without a final read, or in
// which an event ID was sent twice, or that no [Recorder] records.
//
// Reads of the global order are held to the same moment as everything else. If no
// client made one, the final global order must only have all events, with each stream
// and each append in order, and keep to real time.
func Check(ctx context.Context, history History, opts Options) Report {
	var m Memory
	return m.Check(ctx, history, opts)
}

// weigh makes one judgement of two.
func weigh(graph *GraphReport, porcupine Verdict) Report {
	r := Report{Verdict: graph.Verdict, Reason: graph.Reason, Anomalies: graph.Anomalies, Porcupine: porcupine}
	if graph.Verdict == Unknown || porcupine == Unknown || graph.Verdict == porcupine || graph.beyond {
		return r
	}
	r.Verdict = Disagreement
	r.Reason = fmt.Sprintf("the fast checker says %s, porcupine %s", graph.Verdict, porcupine)
	if graph.Reason != "" {
		r.Reason += "; the fast checker's reason: " + graph.Reason
	}
	return r
}
