package sim

import (
	"context"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// check judges the history and the final log.
func (r *run) check(ctx context.Context) {
	history := r.recorder.History()
	r.result.History = &history
	r.result.Coverage = callCoverage(&history)
	check := r.cfg.Check
	if check == nil {
		check = r.memory.Check
	}
	report := check(ctx, history, linearizability.Options{Timeout: r.cfg.CheckTimeout})
	for _, a := range report.Anomalies {
		r.result.find(Violation, Finding{Name: a.Name, Message: a.Message, Operations: a.Operations, Edges: a.Edges})
	}
	if report.Porcupine == linearizability.Unknown {
		r.result.Coverage.Unconfirmed = 1
	}
	switch report.Verdict {
	case linearizability.Violation:
		r.result.judge(Violation, report.Reason)
	case linearizability.Unknown:
		r.result.judge(Undecided, report.Reason)
	case linearizability.Disagreement:
		r.result.find(CheckersDisagree, Finding{
			Name:    "checkers disagree",
			Message: "a bug of the harness, not of the store: " + report.Reason,
		})
	case linearizability.OK:
	}
	r.checkInvariants(&history)
}

func (r *run) checkInvariants(history *linearizability.History) {
	if history.Final == nil {
		return
	}
	final := &scenarios.Final{
		Results: r.result.Results, Streams: history.Final.Streams, Global: history.Final.Global,
		Crashes: r.crashedAt, Lost: r.lost,
	}
	for _, invariant := range r.cfg.Scenario.Invariants {
		if err := invariant.Check(final); err != nil {
			r.result.find(Violation, Finding{
				Name:    "invariant " + invariant.Name,
				Message: fmt.Sprintf("%s: %v", invariant.Doc, err),
			})
		}
	}
}
