package sim

import (
	"strings"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// StepKind is the kind of a step of a trace.
type StepKind uint8

// The kinds of steps.
const (
	// Resumed: a task went on.
	Resumed = StepKind(stepResume)
	// Faulted: a task got a fault.
	Faulted = StepKind(stepFault)
	// Phased: the run entered a phase.
	Phased = StepKind(stepPhase)
	// Crashed: the process of the store crashed.
	Crashed = StepKind(stepCrash)
)

// Step is a step of a trace.
type Step struct {
	Kind StepKind
	// Task is the number of the task that went on or got the fault, -1 for none. Clients come
	// first, by their numbers.
	Task int
	// Name is where the task was parked, or the fault, the phase or the crash as text.
	Name string
	// Time is virtual.
	Time time.Duration
	// Stamp is the last stamp of the history before the step, 0 without a history.
	Stamp int64

	runnable uint64
}

// Runnable says whether a task could have gone on at the step. It is right for 64 tasks.
func (s *Step) Runnable(task int) bool { return s.runnable&(1<<(task%64)) != 0 }

// Step returns step i.
func (t *Trace) Step(i int) Step {
	s := t.steps.At(i)
	step := Step{Kind: StepKind(s.kind), Task: int(s.task), Name: t.names[s.name], Time: time.Duration(s.time), runnable: s.runnable}
	if i < t.stamps.Len() {
		step.Stamp = int64(*t.stamps.At(i))
	}
	return step
}

// Task returns the name of a task.
func (t *Trace) Task(id int) string { return t.tasks[id] }

// Tasks returns the number of tasks.
func (t *Trace) Tasks() int { return len(t.tasks) }

// Sleep is the yield point of a task that sleeps.
const Sleep = pointSleep

// Own says whether a yield point of that name is one of the simulator's own, around calls
// that the history has, and not one inside of the backend; see [OfState] for the other calls.
func Own(point string) bool {
	switch point {
	case pointStart, pointSleep, pointAppend, pointAppended, pointReadStream, pointReadAll, pointEvent, pointRead, pointBarrier:
		return true
	default:
		return false
	}
}

// OfState says whether a yield point of that name is the start or the end of a call to what
// a store keeps besides events: checkpoints, leases and snapshots. It is one of the
// simulator's too, but the history has no such calls.
func OfState(point string) bool {
	switch op := eventcore.Operation(strings.TrimSuffix(point, returns)); op {
	case eventcore.OpLoadCheckpoint, eventcore.OpSaveCheckpoint, eventcore.OpAcquire, eventcore.OpCheckLease,
		eventcore.OpReleaseLease, eventcore.OpLoadSnapshot, eventcore.OpSaveSnapshot:
		return true
	default:
		return false
	}
}

// returns is what the name of the yield point at the end of such a call ends in.
const returns = " returns"

// The simulator's own yield points.
const (
	pointStart      = "start"
	pointSleep      = "sleep"
	pointAppend     = "append"
	pointAppended   = "append returns"
	pointReadStream = "read stream"
	pointReadAll    = "read all"
	pointEvent      = "event"
	pointRead       = "read returns"
	pointBarrier    = "end of the safety phase"
)
