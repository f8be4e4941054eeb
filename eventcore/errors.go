package eventcore

import (
	"errors"
	"fmt"
)

// ErrVersionConflict is what errors.Is finds in every [*VersionConflict].
var ErrVersionConflict = errors.New("version conflict")

// VersionConflict refuses an append because a participant was not at its expected
// version. Nothing was applied. Where several participants moved it names one.
type VersionConflict struct {
	Stream   StreamID
	Expected Version
	// Actual is the version at which the stream was found.
	Actual Version
	// ActualUnknown is set by a store that knows of the conflict but not of the
	// version, as after a serialization failure; Actual is then 0.
	ActualUnknown bool
}

// Error implements error.
func (e *VersionConflict) Error() string {
	if e.ActualUnknown {
		return fmt.Sprintf("version conflict on stream %q: no longer at %d", e.Stream, e.Expected)
	}
	return fmt.Sprintf("version conflict on stream %q: expected %d, found %d", e.Stream, e.Expected, e.Actual)
}

// Unwrap makes errors.Is find [ErrVersionConflict].
func (e *VersionConflict) Unwrap() error { return ErrVersionConflict }

// ConflictingExpectedVersions refuses a batch that expects one stream at two
// versions.
type ConflictingExpectedVersions struct {
	Stream        StreamID
	First, Second Version
}

// Error implements error.
func (e *ConflictingExpectedVersions) Error() string {
	return fmt.Sprintf("stream %q is expected at version %d and at version %d", e.Stream, e.First, e.Second)
}

// UndeclaredStream refuses an event for a stream that is not a participant of the
// batch.
type UndeclaredStream struct{ Stream StreamID }

// Error implements error.
func (e *UndeclaredStream) Error() string {
	return fmt.Sprintf("stream %q is not declared: an event can only go to a stream that takes part in the concurrency check", e.Stream)
}

// SerializationFailed says that an event could not be encoded.
type SerializationFailed struct {
	Stream StreamID
	// Type is the event's type name, "" where even that was not known.
	Type string
	Err  error
}

// Error implements error.
func (e *SerializationFailed) Error() string {
	return fmt.Sprintf("encode event of type %q for stream %q: %v", e.Type, e.Stream, e.Err)
}

// Unwrap returns the cause.
func (e *SerializationFailed) Unwrap() error { return e.Err }

// DeserializationFailed says that a recorded event could not be decoded.
type DeserializationFailed struct {
	Stream  StreamID
	Version Version
	Type    string
	Err     error
}

// Error implements error.
func (e *DeserializationFailed) Error() string {
	return fmt.Sprintf("decode event %d of stream %q, of type %q: %v", e.Version, e.Stream, e.Type, e.Err)
}

// Unwrap returns the cause.
func (e *DeserializationFailed) Unwrap() error { return e.Err }

// StoreFailure says that a store could not do what was asked of it.
type StoreFailure struct {
	Operation Operation
	// Outcome tells of an append what became of it. Its zero value, unknown, is
	// the one that promises nothing.
	Outcome Outcome
	Err     error
}

// Error implements error.
func (e *StoreFailure) Error() string {
	if e.Operation == OpAppend {
		return fmt.Sprintf("%s (%s): %v", e.Operation, e.Outcome, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Operation, e.Err)
}

// Unwrap returns the cause.
func (e *StoreFailure) Unwrap() error { return e.Err }

// Operation names a method of a store in errors.
type Operation string

// The operations of a store.
const (
	OpAppend     Operation = "append"
	OpReadStream Operation = "read stream"
	OpReadAll    Operation = "read all"

	OpLoadCheckpoint Operation = "load checkpoint"
	OpSaveCheckpoint Operation = "save checkpoint"
	OpAcquire        Operation = "acquire lease"
	OpCheckLease     Operation = "check lease"
	OpReleaseLease   Operation = "release lease"
	OpLoadSnapshot   Operation = "load snapshot"
	OpSaveSnapshot   Operation = "save snapshot"
)

// Outcome is what became of an append.
type Outcome uint8

// The outcomes of an append.
const (
	// OutcomeUnknown: it may have been applied, and may still be, for instance
	// when the connection is lost after COMMIT was sent.
	OutcomeUnknown Outcome = iota
	// OutcomeNotApplied: it was not applied and never will be.
	OutcomeNotApplied
	// OutcomeApplied: it was applied.
	OutcomeApplied
)

// String returns "unknown outcome", "not applied" or "applied".
func (o Outcome) String() string {
	switch o {
	case OutcomeNotApplied:
		return "not applied"
	case OutcomeApplied:
		return "applied"
	default:
		return "unknown outcome"
	}
}

// OutcomeOf tells from the error of an append what became of it: applied without
// an error; not applied after a version conflict, a batch that could not be built
// or a [*StoreFailure] that says so; unknown after anything else.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return OutcomeApplied
	}
	// A failure decides first: what it wraps may look like a refusal, while the
	// store that made it knows better.
	if failure, ok := errors.AsType[*StoreFailure](err); ok {
		return failure.Outcome
	}
	if errors.Is(err, ErrVersionConflict) || notBuilt(err) {
		return OutcomeNotApplied
	}
	return OutcomeUnknown
}

// notBuilt says whether err refuses a batch before any store saw it.
func notBuilt(err error) bool {
	if _, ok := errors.AsType[*ConflictingExpectedVersions](err); ok {
		return true
	}
	if _, ok := errors.AsType[*UndeclaredStream](err); ok {
		return true
	}
	_, ok := errors.AsType[*SerializationFailed](err)
	return ok
}
