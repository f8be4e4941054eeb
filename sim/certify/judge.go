package certify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// Status is what became of a requirement.
type Status string

// The statuses. What is not known is NotCertified.
const (
	Passed       Status = "passed"
	Failed       Status = "failed"
	NotCertified Status = "not certified"
)

// judgement is the status of a requirement.
type judgement struct {
	status Status
	reason string
	file   string
	// lacks is the ability for want of which it was not certified.
	lacks Ability
}

const (
	// leastSeeds is the number of seeds of a scenario below which they prove too little, and
	// leastQuiet and leastDrawn what it comes to without faults and with those drawn.
	leastSeeds = 20
	leastQuiet = leastSeeds / quietShare
	leastDrawn = leastSeeds - leastQuiet
	// leastCrashes and leastRestarts are the numbers of crashes, of the process and of a
	// server, below which they do.
	leastCrashes, leastRestarts = 20, 4
	// leastFlips is that of bits that were flipped.
	leastFlips = 20
	// leastNetwork is that of faults of requests to a server.
	leastNetwork = 20
)

func notCertified(format string, args ...any) judgement {
	return judgement{status: NotCertified, reason: fmt.Sprintf(format, args...)}
}

// judge returns the status of a requirement.
func (l *ledger) judge(r *Requirement, o *options) judgement {
	for _, a := range r.Needs {
		if o.lacks(a) {
			return judgement{status: NotCertified, lacks: a, reason: fmt.Sprintf("declared: certify.Without(%q)", a)}
		}
		if reason, is := l.absent[a]; is {
			return judgement{status: NotCertified, lacks: a, reason: reason}
		}
	}
	switch r.phase {
	case phaseContract:
		return l.judgeContract(r)
	case phaseCrash:
		return l.judgeCrashes()
	case phaseFlip:
		return l.judgeFlips()
	case phaseNetwork:
		return l.judgeNetwork()
	case phaseTwice:
		return l.judgeTwice()
	default:
		return l.judgeScenario(r)
	}
}

func (l *ledger) judgeContract(r *Requirement) judgement {
	out, ran := l.contract[r.ID]
	switch {
	case !ran && l.elsewhere:
		return notCertified("left to another test: certify.WithoutContract")
	case !ran:
		return notCertified("not run")
	case out.Err != nil:
		return judgement{status: Failed, reason: out.Err.Error()}
	case out.Passed():
		return judgement{status: Passed}
	}
	j := notCertified("%s", wayOut(r, out))
	for _, a := range []Ability{SecondHandle, Resources, GlobalOrder} {
		if slices.Contains(r.Needs, a) && !out.LeftOut {
			j.lacks = a
			break
		}
	}
	return j
}

// wayOut says why a rule was not checked, in the words of this package: those of storetest
// tell how to leave the rule out, which certifies nothing.
func wayOut(r *Requirement, out storetest.Outcome) string {
	option, _, isOption := strings.Cut(out.NotChecked, " is not given;")
	if !isOption || out.LeftOut {
		return out.NotChecked
	}
	way := fmt.Sprintf("%s is not given: certify.WithContract(%[1]s(…))", option)
	if strings.HasPrefix(r.ID, "R-REOPEN-") {
		way += ", or Backend.Durable"
	}
	return way
}

// judgeScenario judges the runs of one scenario in one phase.
func (l *ledger) judgeScenario(r *Requirement) judgement {
	if j, failed := l.failed(r); failed {
		return j
	}
	w := work{r.scenario, r.phase}
	if w.phase != phaseParallel {
		w.scenario = l.stands(w.scenario)
	}
	e := l.evidence[w]
	if e == nil || e.runs == 0 {
		if quiet := l.evidence[work{w.scenario, phaseQuiet}]; w.phase == phaseDrawn && quiet != nil && len(quiet.failures) > 0 {
			return notCertified("not run: %s fails without faults already", w.scenario)
		}
		return notCertified("not run")
	}
	for _, f := range e.failures {
		return notCertified("the runs of %s were broken off at seed %d: %s: %s", w.scenario, f.seed, f.verdict, f.reason)
	}
	if why := l.vacuous[w.scenario]; len(why) > 0 && w.phase != phaseParallel {
		return notCertified("vacuous: %s", why[0])
	}
	if why := l.tooLittle(w, e); why != "" {
		return notCertified("%s", why)
	}
	return judgement{status: Passed}
}

// stands returns the scenario whose runs speak of a requirement: where single did not run, as
// the store can do more, mixed stands for it, which asks the same and more.
func (l *ledger) stands(scenario string) string {
	if scenario == single && l.evidence[work{single, phaseQuiet}] == nil && l.evidence[work{single, phaseDrawn}] == nil {
		return mixed
	}
	return scenario
}

// failed looks for a failure of the requirement among the runs of its scenario: one of a
// later phase that shows without faults is one of an earlier phase too.
func (l *ledger) failed(r *Requirement) (judgement, bool) {
	for _, p := range []phase{phaseQuiet, phaseDrawn, phaseParallel} {
		e := l.evidence[work{r.scenario, p}]
		if e == nil {
			continue
		}
		for _, f := range e.failures {
			fits := f.blames(r.phase)
			if p == phaseParallel || r.phase == phaseParallel {
				fits = p == r.phase && f.ofStore()
			}
			if fits {
				return f.judgement(), true
			}
		}
	}
	return judgement{}, false
}

// ofStore says whether the failure is one of the store, not of the run or the harness.
func (f *failure) ofStore() bool { return f.verdict == sim.Violation || f.verdict == sim.NoProgress }

// blames says whether a failure is one of what a phase proves.
func (f *failure) blames(p phase) bool {
	switch {
	case !f.ofStore():
		return false
	case f.flipped:
		return p == phaseFlip
	case f.crashed:
		return p == phaseCrash
	case f.network && p == phaseNetwork:
		return true
	case f.faulty:
		return p == phaseDrawn
	default: // and all that rests on it
		return p == phaseQuiet || p == phaseDrawn
	}
}

func (f *failure) judgement() judgement {
	return judgement{status: Failed, reason: fmt.Sprintf("seed %d: %s", f.seed, f.reason), file: f.file}
}

// tooLittle says why runs that all passed prove too little, "" where they do not. What the
// scenario is for may come in any of its runs.
func (l *ledger) tooLittle(w work, e *evidence) string {
	if w.phase == phaseParallel {
		if e.coverage.Overlaps == 0 {
			return "vacuous: no two calls overlapped (in real time, on one core they may never)"
		}
		return ""
	}
	least := leastDrawn
	if w.phase == phaseQuiet {
		least = leastQuiet
	}
	whole := l.whole(w.scenario)
	switch {
	case e.runs < least:
		return fmt.Sprintf("%d runs are too few: let there be %d seeds at least (-sim.seeds)", e.runs, leastSeeds)
	case e.coverage.Overlaps == 0:
		return "vacuous: no two calls overlapped"
	case w.phase == phaseDrawn && fired(&e.coverage) == 0:
		return "vacuous: no fault fired"
	}
	if why := unmet(w.scenario, &whole); why != "" {
		return "vacuous: " + why
	}
	for _, name := range families() {
		if w.phase == phaseQuiet && e.by[name] == 0 {
			return "scheduler " + name + " was not used"
		}
	}
	return ""
}

// whole returns what the simulated runs of a scenario reached, in all its phases.
func (l *ledger) whole(scenario string) sim.Coverage {
	var sum sim.Coverage
	for _, p := range []phase{phaseQuiet, phaseDrawn} {
		if e := l.evidence[work{scenario, p}]; e != nil {
			sum.Add(e.coverage)
		}
	}
	return sum
}

// unmet says what a scenario is for and was never met.
func unmet(name string, c *sim.Coverage) string {
	if scenario, err := scenarios.Lookup(name); err == nil && scenario.WantsConflict && c.Conflicts == 0 {
		return "no append ever met a version conflict"
	}
	for _, what := range slices.Sorted(maps.Keys(c.Reached)) {
		if c.Reached[what] == 0 {
			return "never reached: " + what
		}
	}
	return ""
}

// drawn returns what the runs of all scenarios with drawn faults reached, or, where they
// failed or did not run, what that means for a phase that is a part of them.
func (l *ledger) drawn(p phase) (sum sim.Coverage, j judgement, decided bool) {
	runs := 0
	works := slices.SortedFunc(maps.Keys(l.evidence), compareWork)
	for _, w := range works {
		if w.phase != phaseDrawn {
			continue
		}
		e := l.evidence[w]
		for _, f := range e.failures {
			if f.blames(p) {
				return sum, f.judgement(), true
			}
		}
		runs += e.runs
		sum.Add(e.coverage)
	}
	for _, w := range works {
		if w.phase == phaseDrawn && len(l.evidence[w].failures) > 0 {
			f := l.evidence[w].failures[0]
			return sum, notCertified("the runs of %s were broken off at seed %d: %s", w.scenario, f.seed, f.reason), true
		}
	}
	if runs == 0 {
		return sum, notCertified("not run"), true
	}
	return sum, judgement{}, false
}

func (l *ledger) judgeNetwork() judgement {
	sum, j, decided := l.drawn(phaseNetwork)
	if decided {
		return j
	}
	n := 0
	for kind, count := range sum.Faults {
		if kind.OnRequest() {
			n += count.Fired
		}
	}
	if n < leastNetwork {
		return notCertified("%d faults of requests are too few: give -sim.seeds and let there be %d at least; are the tracer and the dialer of package pgstep in use?", n, leastNetwork)
	}
	return judgement{status: Passed}
}

func (l *ledger) judgeFlips() judgement {
	sum, j, decided := l.drawn(phaseFlip)
	switch {
	case decided:
		return j
	case sum.Flips < leastFlips:
		return notCertified("%d flipped bits are too few: give -sim.seeds and let there be %d at least", sum.Flips, leastFlips)
	case sum.FlipsReported == 0:
		return notCertified("vacuous: %d bits were flipped and none was reported: none did any harm", sum.Flips)
	}
	return judgement{status: Passed}
}

func (l *ledger) judgeCrashes() judgement {
	sum, j, decided := l.drawn(phaseCrash)
	switch {
	case decided:
		return j
	case sum.Crashes == 0 && sum.Restarts == 0 && !l.crashes:
		return notCertified("there is no crash hook: neither Backend.Durable nor Backend.Restart is set")
	case sum.Crashes < leastCrashes && sum.Restarts < leastRestarts:
		return notCertified("%d crashes of the process and %d of a server are too few: give -sim.seeds and let there be %d or %d at least",
			sum.Crashes, sum.Restarts, leastCrashes, leastRestarts)
	case sum.Crashes > sum.Kept && sum.Lost+sum.Torn == 0:
		return notCertified("vacuous: %d crashes took nothing away: whenever one came, all was synced", sum.Crashes-sum.Kept)
	}
	return judgement{status: Passed}
}

func (l *ledger) judgeTwice() judgement {
	e := l.evidence[work{"", phaseTwice}]
	if e == nil || e.runs == 0 {
		return notCertified("not run")
	}
	if len(e.failures) > 0 {
		f := e.failures[0]
		if f.verdict == sim.NotDeterministic && !l.blocks {
			return f.judgement()
		}
		j := notCertified("seed %d: %s", f.seed, f.reason)
		if f.verdict == sim.NotDeterministic {
			j.lacks = Reproducible
		}
		return j
	}
	return judgement{status: Passed}
}

func compareWork(a, b work) int {
	return cmp.Or(cmp.Compare(a.phase, b.phase), cmp.Compare(a.scenario, b.scenario))
}

// fired returns how many faults fired.
func fired(c *sim.Coverage) int {
	n := 0
	for _, count := range c.Faults {
		n += count.Fired
	}
	return n
}
