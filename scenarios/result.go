package scenarios

import (
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Phase is the part of a run in which an operation ran.
type Phase uint8

// The phases of a run.
const (
	// PhaseSetup: one client alone, without faults.
	PhaseSetup Phase = iota
	// PhaseSafety: all clients, under faults.
	PhaseSafety
	// PhaseProbe: all clients, after faults were healed.
	PhaseProbe
)

// String returns "setup", "safety" or "probe".
func (p Phase) String() string {
	switch p {
	case PhaseSetup:
		return "setup"
	case PhaseSafety:
		return "safety"
	case PhaseProbe:
		return "probe"
	default:
		return "unknown phase"
	}
}

// Result is what came of one operation.
type Result struct {
	// Client, Index and Phase say which operation it was: Index counts a client's
	// operations of one phase from 0.
	Client, Index int
	Phase         Phase
	Op            Op
	// Err is nil or what the operation ended with: an error of the store or the
	// executor, a [Refusal], or a [*Violation].
	Err error
	// Outcome says whether the operation's append was applied. An operation that
	// came to no append, such as a read, is not applied.
	Outcome eventcore.Outcome
	// Executed is what the executor returned; its zero value for operations that
	// are not commands.
	Executed eventcore.Executed
	// Attempts has every append that the operation sent, in order.
	Attempts []Attempt
	// Ref is the number by which the events of a command name it, 0 where they do
	// not.
	Ref uint64
	// Projection is what an operation did that is a projection, else nil.
	Projection *ProjectionLog
	// Snapshots has the loads and saves of snapshots, in order.
	Snapshots []SnapshotAct
	// Cut says that the client's process ended in the middle, or that the run did: Err is not
	// what the operation came to, and its last append may have succeeded all the same.
	Cut bool
}

// Attempt is one append that an operation sent to its store.
type Attempt struct {
	Outcome eventcore.Outcome
	Events  []Written
}

// Written is an event of an attempt and the place that it was meant for.
type Written struct {
	Stream  eventcore.StreamID
	Version eventcore.Version
	Event   eventcore.Proposed
}

// outcome is what the attempts come to together: what may have been applied stays
// so whatever came after it.
func outcome(attempts []Attempt) eventcore.Outcome {
	sum := eventcore.OutcomeNotApplied
	for i := range attempts {
		switch attempts[i].Outcome {
		case eventcore.OutcomeApplied:
			return eventcore.OutcomeApplied
		case eventcore.OutcomeUnknown:
			sum = eventcore.OutcomeUnknown
		default:
		}
	}
	return sum
}
