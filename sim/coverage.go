package sim

import (
	"maps"
	"slices"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// Coverage counts what one run or several reached, so that a run that proves
// nothing can be told from one that does.
type Coverage struct {
	// Calls is the number of store calls.
	Calls int
	// Applied, Conflicts and Unknown count appends by their outcome.
	Applied, Conflicts, Unknown int
	// Overlaps counts store calls that began while another was under way.
	Overlaps int
	// Crashes counts crashes of the store's process, those in the middle of a recovery too; Lost and
	// Torn what they took away of what was not synced.
	Crashes, Lost, Torn int
	// Kept counts those crashes that took nothing away by their nature.
	Kept int
	// Again counts the crashes that came in the middle of the recovery from another one, each
	// recovery once; AgainDue how many recoveries were to be crashed, if they take long enough.
	Again, AgainDue int
	// Flips counts bits that were flipped while a store was down, FlipsReported how often the
	// store reported it; the others did no harm.
	Flips, FlipsReported int
	// Kills counts how often a store was cut off its server.
	Kills int
	// Unconfirmed counts the histories that porcupine did not decide in its time.
	Unconfirmed int
	// Restarts counts crashes of a store's server, those in the middle of a recovery too, RestartRuns the runs whose plan had any.
	Restarts, RestartRuns int
	// RestartsAgain counts those of them that came in the middle of the recovery from another one,
	// by the word of [Backend.RestartTwice]; RestartsAgainDue how many were to.
	RestartsAgain, RestartsAgainDue int
	// Reached counts what scenarios are for; see [scenarios.Scenario.Reaches].
	Reached map[string]int
	// Faults counts by kind, Struck by the operation that they hit.
	Faults map[chaos.Kind]FaultCount
	Struck map[eventcore.Operation]FaultCount
}

// FaultCount is how often faults of one kind fired.
type FaultCount struct {
	// Fired is how often one was injected.
	Fired int
	// Expected is how often one should have been by its rate, summed over the
	// calls that it could have hit.
	Expected float64
}

// Add adds the counts of other to c.
func (c *Coverage) Add(other Coverage) {
	c.Calls += other.Calls
	c.Applied += other.Applied
	c.Conflicts += other.Conflicts
	c.Unknown += other.Unknown
	c.Overlaps += other.Overlaps
	c.Crashes += other.Crashes
	c.Lost += other.Lost
	c.Kept += other.Kept
	c.Torn += other.Torn
	c.Again += other.Again
	c.AgainDue += other.AgainDue
	c.Flips += other.Flips
	c.FlipsReported += other.FlipsReported
	c.Kills += other.Kills
	c.Unconfirmed += other.Unconfirmed
	c.Restarts += other.Restarts
	c.RestartRuns += other.RestartRuns
	c.RestartsAgain += other.RestartsAgain
	c.RestartsAgainDue += other.RestartsAgainDue
	if c.Reached == nil && len(other.Reached) > 0 {
		c.Reached = make(map[string]int)
	}
	for what, n := range other.Reached {
		c.Reached[what] += n
	}
	if c.Faults == nil {
		c.Faults = make(map[chaos.Kind]FaultCount)
	}
	if c.Struck == nil {
		c.Struck = make(map[eventcore.Operation]FaultCount)
	}
	for op, n := range other.Struck {
		sum := c.Struck[op]
		c.Struck[op] = FaultCount{sum.Fired + n.Fired, sum.Expected + n.Expected}
	}
	for kind, n := range other.Faults {
		sum := c.Faults[kind]
		c.Faults[kind] = FaultCount{sum.Fired + n.Fired, sum.Expected + n.Expected}
	}
}

// Kinds returns the kinds of faults counted, in the order of [chaos.Kinds].
func (c *Coverage) Kinds() []chaos.Kind {
	return slices.Sorted(maps.Keys(c.Faults))
}

// faultCoverage counts the faults that could have fired, and of those that hit requests
// or the disk all that were asked for: a store may have none.
func faultCoverage(injector *chaos.Injector, plan *chaos.Plan) map[chaos.Kind]FaultCount {
	counts := make(map[chaos.Kind]FaultCount)
	for kind := range chaos.Every() {
		n := FaultCount{injector.Fired(kind), injector.Expected(kind)}
		asked := !kind.OnCall() && slices.ContainsFunc(plan.Rates, func(r chaos.Rate) bool { return r.Kind == kind })
		if n != (FaultCount{}) || asked {
			counts[kind] = n
		}
	}
	return counts
}

func struckCoverage(injector *chaos.Injector) map[eventcore.Operation]FaultCount {
	counts := make(map[eventcore.Operation]FaultCount)
	for op, n := range injector.Struck() {
		counts[op] = FaultCount{n.Fired, n.Expected}
	}
	return counts
}

// callCoverage counts the clients' calls in a history.
func callCoverage(history *linearizability.History) Coverage {
	c := Coverage{}
	var open int64 // the latest return of the calls so far
	for i := range history.Operations {
		op := &history.Operations[i]
		if op.Client == linearizability.FinalClient {
			continue
		}
		c.Calls++
		if op.Call < open {
			c.Overlaps++
		}
		open = max(open, op.Return)
		if op.Kind != linearizability.Append {
			continue
		}
		switch {
		case op.Outcome == eventcore.OutcomeApplied:
			c.Applied++
		case op.Outcome == eventcore.OutcomeUnknown:
			c.Unknown++
		case op.Conflict != nil:
			c.Conflicts++
		}
	}
	return c
}
