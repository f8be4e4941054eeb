package eventcore

import "time"

// ProjectionEffectKind says what a [ProjectionMachine] waits for.
type ProjectionEffectKind uint8

// The kinds of a projection's effects, each with the method that takes its result.
const (
	// ProjectionAcquire: try to become the leader; [ProjectionMachine.Acquired].
	ProjectionAcquire ProjectionEffectKind = iota + 1
	// ProjectionLoad: load the checkpoint; [ProjectionMachine.Loaded].
	ProjectionLoad
	// ProjectionCheck: check the lease; [ProjectionMachine.Checked].
	ProjectionCheck
	// ProjectionRead: read a page of the global order, hand each event to
	// [ProjectionMachine.Take] until that returns false, close the read, then call
	// [ProjectionMachine.ReadEnded].
	ProjectionRead
	// ProjectionApply: hand the event to the projector; [ProjectionMachine.Applied].
	ProjectionApply
	// ProjectionSkip: have a [CheckpointingProjector] pass an event;
	// [ProjectionMachine.SkipEnded].
	ProjectionSkip
	// ProjectionSave: save the checkpoint; [ProjectionMachine.Saved].
	ProjectionSave
	// ProjectionSleep: wait; [ProjectionMachine.Slept].
	ProjectionSleep
	// ProjectionRelease: give the lease up; [ProjectionMachine.Released].
	ProjectionRelease
	// ProjectionDone: the projection has ended; nothing is to be called any more.
	ProjectionDone
)

var projectionEffectNames = [...]string{
	"no effect", "acquire", "load", "check", "read", "apply", "skip", "save", "sleep", "release", "done",
}

// String returns the kind in one word, as in "save".
func (k ProjectionEffectKind) String() string {
	if int(k) < len(projectionEffectNames) {
		return projectionEffectNames[k]
	}
	return projectionEffectNames[0]
}

// WaitReason says why a projection waits.
type WaitReason uint8

// The reasons to wait.
const (
	// WaitEvents: nothing was there to read.
	WaitEvents WaitReason = iota + 1
	// WaitFailure: a read, a checkpoint or the leadership failed and is tried again.
	WaitFailure
	// WaitRetry: an event could not be applied and is tried again.
	WaitRetry
	// WaitLeadership: another one leads.
	WaitLeadership
)

// String returns the reason in one or two words, as in "no events".
func (r WaitReason) String() string {
	switch r {
	case WaitEvents:
		return "no events"
	case WaitFailure:
		return "failure"
	case WaitRetry:
		return "event"
	case WaitLeadership:
		return "standby"
	default:
		return "no reason"
	}
}

// ProjectionEffect is what a [ProjectionMachine] wants done. Which fields are set depends
// on Kind.
type ProjectionEffect[E any] struct {
	Kind ProjectionEffectKind
	// Filter, After and Limit are those of the page to read.
	Filter Filter
	After  Position
	Limit  int
	// Event is the event to apply.
	Event Event[E]
	// At is the position to save, or to skip to.
	At Position
	// Delay and Reason are those of a sleep.
	Delay  time.Duration
	Reason WaitReason
	// Detached says that it is to be done although the projection's context may be
	// cancelled: it brings what was done to safety. Its time is bounded all the same;
	// see [WithStopTimeout].
	Detached bool
	// Projected and Err are the result of the projection.
	Projected Projected
	Err       error
}
