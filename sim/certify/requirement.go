package certify

import (
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// Requirement is one thing that a certificate speaks of.
type Requirement struct {
	// ID names the requirement for ever, as in "R-APPEND-03" or "R-CRASH-01".
	ID string
	// Rule is what is demanded, in one sentence, and Why what goes wrong without it.
	Rule, Why string
	// Level is the first level that needs it.
	Level Level
	// Needs are the abilities without which it is not judged.
	Needs []Ability
	// Check says in words what checks it.
	Check string

	// scenario is the scenario that proves it, "" for one of package storetest or of all
	// scenarios.
	scenario string
	phase    phase
}

// phase is a part of the certification.
type phase string

const (
	phaseContract phase = "contract"
	// phaseQuiet runs scenarios without faults under each scheduler.
	phaseQuiet phase = "quiet"
	// phaseDrawn runs scenarios with what faults and crashes the seeds draw.
	phaseDrawn phase = "drawn"
	// phaseCrash is the part of it that crashes.
	phaseCrash phase = "crash"
	// phaseFlip is the part of it that flips bits.
	phaseFlip phase = "flip"
	// phaseNetwork is the part of it whose requests to a server fail.
	phaseNetwork  phase = "network"
	phaseTwice    phase = "twice"
	phaseParallel phase = "parallel"
)

// Requirements lists all requirements: those of package storetest first, in their order.
func Requirements() []Requirement {
	var all []Requirement
	for _, r := range storetest.Requirements() {
		all = append(all, ofContract(&r))
	}
	for i, p := range proofs() {
		all = append(all, p.quiet(i+1))
	}
	all = append(all, Requirement{
		ID: "R-DET-01", Level: Concurrent, Needs: []Ability{Reproducible}, phase: phaseTwice,
		Rule:  "a seed run twice takes the same steps, and the store returns the same",
		Why:   "A failure that does not show again cannot be mended; and a store that takes its time or its IDs from elsewhere than the run does so here.",
		Check: "a seed of each scenario with faults, carried out twice: sim.Verify",
	}, Requirement{
		ID: "R-PARALLEL-01", Level: Concurrent, phase: phaseParallel, scenario: single,
		Rule:  "callers in real time, on real goroutines, get what the contract says",
		Why:   "A simulated run switches at yield points only; what is shared without a lock between two of them shows in real time, and under go test -race.",
		Check: "programs of scenario single in real time: sim.Parallel",
	})
	for i, p := range proofs() {
		all = append(all, p.faulty(i+1))
	}
	return append(all, Requirement{
		ID: "R-NETWORK-01", Level: FaultTolerant, Needs: []Ability{Network}, phase: phaseNetwork,
		Rule:  "while requests to the server are lost, cut off, late or refused, and sessions end, callers get what the contract says",
		Why:   "A COMMIT whose answer is lost was carried out, or was not: who takes it for either loses an append or makes it twice.",
		Check: "all scenarios, with drawn faults of requests (chaos.RequestKinds), as package pgstep has them",
	}, Requirement{
		ID: "R-CRASH-01", Level: Durable, phase: phaseCrash,
		Rule:  "what was acknowledged is there after a crash at any step, and what is there was appended: whole, once, in its order",
		Why:   "An acknowledgement is a promise to people who have acted on it by the time the machine comes back.",
		Check: "all scenarios, with crashes of the process and its disk (Backend.Durable) or its server (Backend.Restart) at drawn steps: sim/crash.go",
	}, Requirement{
		ID: "R-FLIP-01", Level: Durable, Needs: []Ability{Checksums}, phase: phaseFlip,
		Rule:  "a bit that changes while the store is down is reported, or changes nothing that is read",
		Why:   "Disks return other bytes than were written, once in a long time and without a word; a store that does the same cannot be mended from a copy, as nobody looks for one.",
		Check: "all scenarios, with bits flipped at drawn crashes in the files that Backend.Checksummed names: sim/flip.go",
	})
}

// The scenarios that have a part of their own.
const (
	single = "single"
	mixed  = "mixed"
)

// proof is what a scenario proves.
type proof struct {
	scenario  string
	rule, why string
	needs     []Ability
}

// proofs are in the order of their numbers, which are never given to another one.
func proofs() []proof {
	return []proof{
		{
			"contention", "commands that count in one stream lose no count and double none",
			"Two callers who read one version and both write are the reason why there is an expected version.", nil,
		},
		{
			single, "calls on one stream each have one order that explains all they returned and agrees with real time (linearizability)",
			"Without such an order a caller can act on a state that never was.", nil,
		},
		{
			"transfers", "batches over two streams are applied whole, and every read of both adds up",
			"A batch that is torn, or read in halves, makes money out of nothing.",
			[]Ability{MultiStream, ReadOnly},
		},
		{
			"orders", "streams that a command discovers in others are part of its concurrency check",
			"What is reserved on the word of another stream is reserved twice once that stream has moved.",
			[]Ability{MultiStream, ReadOnly},
		},
		{
			"write-skew", "of commands that each rely on what another one moves, not both are applied",
			"Each of them keeps the rule on what it read; together they break it (write skew).",
			[]Ability{ReadOnly},
		},
		{
			mixed, "calls of all sorts over several streams, and of the global order where there is one, have one order that explains all they returned and agrees with real time (linearizability)",
			"Streams that are right one by one can contradict one another.",
			[]Ability{MultiStream, ReadOnly},
		},
		{
			"pool-saturation", "reads in the middle of reads come to their end with fewer connections than callers",
			"A read that holds what the next call needs stands still for ever, in production and under load only.",
			[]Ability{MultiStream},
		},
		{
			"projection", "a projection applies each event once, in order, between its checkpoints, however often it dies",
			"A checkpoint that is ahead of what was applied loses an event for good.",
			[]Ability{MultiStream, GlobalOrder, Projections, Leadership}, // some of them lead
		},
		{
			"leadership", "at most one projection leads a subscription, tokens grow, and a lease whose holder is gone ends",
			"Two leaders apply each event twice; a lease that never ends stops the projection for good.",
			[]Ability{GlobalOrder, Projections, Leadership},
		},
		{
			"snapshots", "a kept state is the fold of the events that it stands for, and never goes back",
			"A command that resumes from another state decides on events that never were.",
			[]Ability{MultiStream, ReadOnly, Snapshots},
		},
		{
			"group-commit", "appends that come at the same time are done or refused each by itself, whatever they share on their way to the disk",
			"Appends that share a commit share its failure too, and who mixes them up tells one caller what became of another's.",
			[]Ability{MultiStream},
		},
	}
}

// run returns what the proof runs.
func (p *proof) run() scenarios.Scenario {
	s, err := scenarios.Lookup(p.scenario)
	if err != nil {
		panic(err) // the names are fixed: every certification would end here
	}
	return s
}

// named names the scenario in words.
func (p *proof) named() string {
	if p.scenario == single {
		return single + ", or mixed where the store can do all that it asks,"
	}
	return p.scenario
}

func (p *proof) quiet(n int) Requirement {
	return Requirement{
		ID: numbered("R-SIM", n), Rule: p.rule, Why: p.why, Level: Concurrent, Needs: p.needs,
		Check:    "scenario " + p.named() + " without faults, under each scheduler",
		scenario: p.scenario, phase: phaseQuiet,
	}
}

func (p *proof) faulty(n int) Requirement {
	return Requirement{
		ID: numbered("R-FAULT", n), Rule: "while calls fail: " + p.rule, Why: faultWhy + " " + p.why,
		Level: FaultTolerant, Needs: p.needs,
		Check:    "scenario " + p.named() + " with drawn faults: fail before, fail after, lost request, conflict, delay, decode error, failed read, cancel",
		scenario: p.scenario, phase: phaseDrawn,
	}
}

const faultWhy = "A call that fails may have been applied, and its caller tries again."

func numbered(group string, n int) string {
	return group + "-" + string([]byte{'0' + byte(n/10), '0' + byte(n%10)}) //nolint:gosec // there are less than a hundred
}

// ofContract returns a requirement of package storetest with its level and abilities.
func ofContract(r *storetest.Requirement) Requirement {
	file, _, _ := strings.Cut(r.Source, ":")
	out := Requirement{
		ID: r.ID, Rule: r.Rule, Why: r.Why, Level: Sequential, phase: phaseContract,
		Check: "storetest, eventcore/storetest/" + file,
	}
	switch r.Group {
	case "conc", "handle":
		out.Level = Concurrent
	case "reopen":
		out.Level = Durable
	}
	if slices.Contains(concurrentToo(), r.ID) {
		out.Level = Concurrent
	}
	if slices.Contains(multiStreamRules(), r.ID) {
		out.Needs = append(out.Needs, MultiStream)
	}
	if slices.Contains(readOnlyRules(), r.ID) {
		out.Needs = append(out.Needs, ReadOnly)
	}
	if strings.Contains(r.Needs, "eventcore.AllReader") {
		out.Needs = append(out.Needs, GlobalOrder)
	}
	switch r.Group {
	case "handle":
		out.Needs = append(out.Needs, SecondHandle)
	case "res":
		out.Needs = append(out.Needs, Resources)
	}
	return out
}
