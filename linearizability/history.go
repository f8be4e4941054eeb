package linearizability

import (
	"math"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// FinalClient is the client number of the reads that Recorder.Final makes.
const FinalClient = -1

// Never is the return stamp of a call that did not return.
const Never = math.MaxInt64

// Kind is the kind of an operation.
type Kind uint8

// The kinds of operations.
const (
	Append Kind = iota + 1
	ReadStream
	ReadAll
)

// End is how a read ended.
type End uint8

// The ends of reads.
const (
	// Complete: the sequence ended by itself: there was nothing more.
	Complete End = iota + 1
	// Stopped: the consumer broke out or the limit was reached; there may have been
	// more.
	Stopped
	// Failed: it ended with an error, or the call never returned.
	Failed
)

// History is the calls of one run.
type History struct {
	// Operations are all calls by growing Call stamp, the final reads included.
	Operations []Operation
	// Final is the store after the last call; nil if it was not read to its end.
	Final *Final
}

// Final is the whole store, read once nothing else was under way. Its events are
// those that the operations of [FinalClient] saw.
type Final struct {
	// Streams has the events of every stream that any call named or showed, oldest
	// first. A stream without events has an entry too.
	Streams map[eventcore.StreamID][]eventcore.Recorded
	// Global has all events in the global order; nil if the store has none.
	Global []eventcore.Recorded
}

// Operation is one call of a store.
type Operation struct {
	Client int
	Kind   Kind
	// Call and Return are stamps of one counter, so all different. The call took
	// effect, if it did, between them, ends included. Return is Never for a call
	// that did not return.
	Call, Return int64

	// Participants and Events are the batch of an append.
	Participants []eventcore.Participant
	Events       []Event
	// Outcome, Conflict and Appended are what came of an append. Conflict is nil
	// for every error but a version conflict.
	Outcome  eventcore.Outcome
	Conflict *eventcore.VersionConflict
	Appended eventcore.Appended

	// Stream and After are the arguments of ReadStream; Filter, Position and Limit
	// those of ReadAll.
	Stream   eventcore.StreamID
	After    eventcore.Version
	Filter   eventcore.Filter
	Position eventcore.Position
	Limit    int
	// Seen are the events that a read yielded, and End how it ended.
	Seen []Seen
	End  End

	// Err is the error that the call returned.
	Err error
}

// Event is an event of an append.
type Event struct {
	ID eventcore.EventID
	// Participant is the index of its stream in Participants.
	Participant int
	Type        string
}

// Seen is an event that a read yielded.
type Seen struct {
	ID       eventcore.EventID
	Stream   eventcore.StreamID
	Version  eventcore.Version
	Position eventcore.Position
}
