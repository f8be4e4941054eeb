package linearizability

import (
	"context"
	"time"
)

// Verdict is the judgement on a history.
type Verdict uint8

// The verdicts.
const (
	// OK: one order of the calls explains all results, and no rule is broken.
	OK Verdict = iota + 1
	// Violation: no order does, or a rule is broken.
	Violation
	// Unknown: it could not be decided.
	Unknown
)

// String returns "ok", "violation" or "unknown".
func (v Verdict) String() string {
	switch v {
	case OK:
		return "ok"
	case Violation:
		return "violation"
	default:
		return "unknown"
	}
}

// Options are the options of [Check].
type Options struct {
	// Timeout is the real time that porcupine may take, about as long again to name
	// what it found included. 0: 10 s.
	Timeout time.Duration
}

// DefaultTimeout is the time that porcupine may take where none is given.
const DefaultTimeout = 10 * time.Second

// Report is what [Check] found.
type Report struct {
	Verdict Verdict
	// Reason says in one sentence why the verdict is not OK.
	Reason string
	// Anomalies are what the rules found. If they found nothing and porcupine rejects
	// the history, it is the one anomaly that its calls look most like.
	Anomalies []Anomaly
	// Porcupine is its verdict alone: Unknown where it ran out of time or memory, and
	// where it was not asked because the history cannot be judged.
	Porcupine Verdict
}

// Check judges a history. The verdict is Unknown, and Reason says why, for one without
// a final read, or in which an event ID was sent twice, or that no [Recorder] records.
//
// The rules accuse no linearizable history, but see only what few calls show.
// porcupine (github.com/anishathalye/porcupine, after Wing and Gong and Lowe) sees
// everything and can take exponential time and memory; a history that it cannot
// decide in its limits, or before ctx is done, is Unknown unless a rule is broken.
//
// Reads of the global order are held to the same moment as everything else. If no
// client made one, the final global order must only have all events, with each stream
// and each append in order, and keep to real time.
func Check(ctx context.Context, history History, opts Options) Report {
	l, reason := newFinalLog(&history)
	if reason != "" {
		return Report{Verdict: Unknown, Porcupine: Unknown, Reason: reason}
	}
	report := Report{Anomalies: l.rules()}
	timeout := opts.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	verdict, why, rejected := newDecider(ctx, timeout).all(l.components())
	report.Porcupine = verdict
	switch {
	case len(report.Anomalies) > 0:
		report.Verdict, report.Reason = Violation, report.Anomalies[0].Message
	case verdict == Violation:
		report.Verdict = Violation
		report.Anomalies = []Anomaly{newNamer(ctx, l, rejected, timeout).name()}
		report.Reason = report.Anomalies[0].Message
	default:
		report.Verdict, report.Reason = verdict, why
	}
	return report
}

// rules returns what the rules find, the plainest first.
func (l *finalLog) rules() []Anomaly {
	var f findings
	l.checkAppends(&f)
	l.checkReads(&f)
	l.checkGlobal(&f)
	l.checkTime(&f)
	l.checkWriteSkew(&f)
	return f.all
}
