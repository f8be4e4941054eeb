package linearizability

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
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
	// Timeout is the real time that porcupine may take. 0: 10 s.
	Timeout time.Duration
}

// DefaultTimeout is the time that porcupine may take where none is given.
const DefaultTimeout = 10 * time.Second

// Report is what [Check] found.
type Report struct {
	Verdict Verdict
	// Reason says in one sentence why the verdict is not OK.
	Reason string
	// Anomalies are what the rules found, and NotLinearizable if only porcupine
	// rejects the history.
	Anomalies []Anomaly
	// Porcupine is its verdict alone: Unknown where it ran out of time, and where it
	// was not asked because the history has no final read.
	Porcupine Verdict
}

// Check judges a history. It needs the final read: without it the verdict is Unknown.
// Every append must have event IDs of its own.
//
// The rules accuse no linearizable history, but see only what two or three calls
// show. porcupine (github.com/anishathalye/porcupine, after Wing and Gong and Lowe)
// sees everything and can take exponential time; a history that it cannot decide in
// time, or before ctx is done, is Unknown unless a rule is broken.
func Check(ctx context.Context, history History, opts Options) Report {
	if history.Final == nil {
		return Report{Verdict: Unknown, Porcupine: Unknown, Reason: "the store was not read to its end after the last call, so nothing settles what is in it"}
	}
	l := newFinalLog(&history)
	var f findings
	l.checkDuplicates(&f)
	l.checkAppends(&f)
	l.checkReads(&f)
	l.checkGlobal(&f)
	l.checkRealTime(&f)
	l.checkWriteSkew(&f)

	report := Report{Anomalies: f.all}
	all := l.components(len(f.all) == 0 && l.readsGlobal())
	report.Porcupine = decide(ctx, all, opts)
	switch {
	case len(report.Anomalies) > 0:
		report.Verdict, report.Reason = Violation, report.Anomalies[0].Message
	case report.Porcupine == Violation:
		report.Verdict = Violation
		report.Anomalies = []Anomaly{unexplained(all)}
		report.Reason = report.Anomalies[0].Message
	case report.Porcupine == Unknown:
		report.Verdict = Unknown
		report.Reason = fmt.Sprintf("porcupine could not decide %d calls in time", len(history.Operations))
	default:
		report.Verdict = OK
	}
	return report
}

// readsGlobal says whether a client read the global order. The final read alone needs
// no model: the rules compare it with the streams.
func (l *finalLog) readsGlobal() bool {
	for i := range l.ops {
		if l.ops[i].Kind == ReadAll && l.ops[i].Client != FinalClient {
			return l.history.Final.Global != nil
		}
	}
	return false
}

// decide asks porcupine about all components.
func decide(ctx context.Context, all []*component, opts Options) Verdict {
	timeout := opts.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	verdict := OK
	for _, c := range all {
		if ctx.Err() != nil {
			return Unknown
		}
		switch porcupine.CheckOperationsTimeout(porcupineModel(len(c.streams)), c.ops, timeout) {
		case porcupine.Illegal:
			return Violation
		case porcupine.Unknown:
			verdict = Unknown
		default:
		}
	}
	return verdict
}

// unexplained describes the first component that porcupine rejects.
func unexplained(all []*component) Anomaly {
	for _, c := range all {
		if porcupine.CheckOperationsTimeout(porcupineModel(len(c.streams)), c.ops, DefaultTimeout) != porcupine.Illegal {
			continue
		}
		var names []string
		for _, id := range c.streams {
			names = append(names, fmt.Sprintf("%q", id))
		}
		return Anomaly{
			Name:       NotLinearizable,
			Message:    fmt.Sprintf("no order of the %d calls on %s explains their results", len(c.ops), strings.Join(names, ", ")),
			Operations: c.indices,
		}
	}
	return Anomaly{Name: NotLinearizable, Message: "no order of the calls explains their results"}
}
