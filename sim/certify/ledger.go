package certify

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
)

// ledger collects what was carried out. Its evidence is that of one certification.
type ledger struct {
	contract map[string]storetest.Outcome
	evidence map[work]*evidence
	// vacuous says by scenario why its runs, though none failed, prove nothing.
	vacuous map[string][]string
	// absent says of abilities that the store has not got why they are taken to be missing.
	absent map[Ability]string

	// crashes and blocks are what the backend says of itself: that it can be crashed, and
	// that it waits for a server.
	crashes, blocks bool
	// elsewhere says that another test checks the contract.
	elsewhere bool

	total     sim.Summary
	schedules map[uint64]bool
	took      time.Duration
}

// work is a scenario in a phase.
type work struct {
	scenario string
	phase    phase
}

// evidence is what came of the runs of one piece of work.
type evidence struct {
	seeds    [2]uint64 // the first and the last one
	runs     int
	coverage sim.Coverage
	by       map[string]int // runs by scheduler
	failures []failure
}

// failure is a run that did not pass.
type failure struct {
	verdict sim.Verdict
	reason  string
	seed    uint64
	file    string
	// crashed and faulty say whether it took a crash or a fault to show it, network whether one
	// of a request to a server.
	crashed, faulty, network bool
	// flipped says that a bit was flipped and the store did not notice.
	flipped bool
}

func newLedger() *ledger {
	return &ledger{
		contract: make(map[string]storetest.Outcome), evidence: make(map[work]*evidence),
		vacuous: make(map[string][]string), absent: make(map[Ability]string), schedules: make(map[uint64]bool),
	}
}

func (l *ledger) of(w work) *evidence {
	e := l.evidence[w]
	if e == nil {
		e = &evidence{by: make(map[string]int)}
		l.evidence[w] = e
	}
	return e
}

// add counts a run.
func (l *ledger) add(w work, r *sim.Result) {
	e := l.of(w)
	if e.runs == 0 {
		e.seeds[0] = r.Seed
	}
	e.seeds[1] = r.Seed
	e.runs++
	e.coverage.Add(r.Coverage)
	l.total.Runs++
	l.total.Steps += r.Steps
	l.total.Coverage.Add(r.Coverage)
	if w.phase == phaseParallel { // nothing schedules it
		return
	}
	e.by[family(r.Plan.Scheduler)]++
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%s %v", r.Scenario, r.Schedule) // a hash does not fail
	l.schedules[hash.Sum64()] = true
}

// fail notes a run that did not pass, and what shows it best: the run itself or a smaller one.
func (l *ledger) fail(w work, shown *sim.Result, file string) {
	e := l.of(w)
	e.failures = append(e.failures, failure{
		verdict: shown.Verdict, reason: shown.Reason, seed: shown.Seed, file: file,
		crashed: len(shown.Crashes) > 0, faulty: len(shown.Faults) > 0,
		flipped: slices.ContainsFunc(shown.Findings, func(f sim.Finding) bool { return f.Name == sim.DamageNotReported }),
		network: slices.ContainsFunc(shown.Faults, func(f chaos.Fault) bool { return f.Kind.OnRequest() }),
	})
}

// family returns the name that a scheduler has in all its depths.
func family(scheduler string) string {
	name, _, _ := strings.Cut(scheduler, "-")
	if name == "round" {
		return sched.RoundRobin
	}
	return strings.TrimRight(name, "0123456789")
}

// families lists the schedulers that a quiet phase must have used.
func families() []string {
	var all []string
	for _, s := range sched.All() {
		all = append(all, family(s.Name))
	}
	slices.Sort(all)
	return slices.Compact(all)
}
