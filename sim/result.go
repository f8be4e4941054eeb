package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// Result is what came of a run.
type Result struct {
	Seed                      uint64
	Backend, Scenario, Mutant string
	Plan                      Plan
	Program                   scenarios.Program
	Verdict                   Verdict
	// Findings says what is wrong, the most telling first. It is empty for a run
	// that passed.
	Findings []Finding
	// Reason says in one sentence why the verdict is not Pass; with findings, the
	// first one's message.
	Reason string

	// Schedule holds the task that ran, step by step; task IDs are client IDs.
	Schedule []int
	// Faults are the faults that fired, in order. As a plan they reproduce the run.
	Faults []chaos.Fault
	// Crashes are those that happened, in order.
	Crashes []Crash
	// Trace has every step.
	Trace *Trace
	// History has every store call; nil with Config.SkipChecks. Its Final is nil where the run
	// ended before the final read.
	History *linearizability.History
	// Results has the outcome of every operation of the program that came back, and, where the
	// run got as far as to be judged, behind them what is known of those that did not.
	Results []scenarios.Result
	// Spans says where each operation that began lies in the run, in the order in which they
	// began, and Marks where faults and crashes do.
	Spans []Span
	Marks []Mark

	Coverage Coverage
	// Steps is the number of scheduling decisions.
	Steps int
	// Elapsed is the virtual time that passed.
	Elapsed time.Duration
	// ReplayDiverged is the step at which a replayed schedule could not be
	// followed any more, -1 if it could to its end.
	ReplayDiverged int
	// Stall has the stacks of what was going on where a step did not end; "" for a run in
	// which each one did.
	Stall string
}

// Failed says whether the run shows something wrong with the store, the run or the
// harness. A vacuous or undecided run has not failed, nor has it passed.
func (r *Result) Failed() bool {
	switch r.Verdict {
	case NoProgress, Violation, NotReproduced, NotDeterministic, CheckersDisagree, Broken:
		return true
	default:
		return false
	}
}

// find adds a finding and makes the verdict at least as bad as v.
func (r *Result) find(v Verdict, f Finding) {
	f.verdict = v
	r.Findings = append(r.Findings, f)
	r.judge(v, f.Message)
}

// judge makes the verdict at least as bad as v, giving the reason.
func (r *Result) judge(v Verdict, reason string) {
	if rank(v) > rank(r.Verdict) {
		r.Verdict, r.Reason = v, reason
	}
}

// sort puts the worst findings first, and of those the ones that name an anomaly of
// the history: what else is wrong most often follows from it.
func (r *Result) sort() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		if c := cmp.Compare(rank(b.verdict), rank(a.verdict)); c != 0 {
			return c
		}
		return cmp.Compare(min(1, len(b.Operations)), min(1, len(a.Operations)))
	})
	if len(r.Findings) > 0 && r.Findings[0].verdict == r.Verdict {
		r.Reason = r.Findings[0].Message
	}
}

func rank(v Verdict) int {
	for i, known := range Verdicts() {
		if v == known {
			return i
		}
	}
	return -1
}
