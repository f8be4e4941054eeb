package linearizability

import (
	"fmt"
	"math"
	"strings"

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

// Final is the whole store, read once nothing else was under way.
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

// String describes the operation on one line.
func (op *Operation) String() string {
	who := fmt.Sprintf("client %d", op.Client)
	if op.Client == FinalClient {
		who = "final read"
	}
	until := fmt.Sprint(op.Return)
	if op.Return == Never {
		until = "never"
	}
	return fmt.Sprintf("%s [%d-%s] %s", who, op.Call, until, op.describe())
}

// describe returns the call and its result without client and stamps.
func (op *Operation) describe() string {
	switch op.Kind {
	case Append:
		return "append " + op.describeBatch() + " → " + op.describeOutcome()
	case ReadStream:
		return fmt.Sprintf("read %s after %d → %s", op.Stream, op.After, op.describeSeen())
	default:
		return fmt.Sprintf("read all%s after %s limit %d → %s", describeFilter(op.Filter), op.Position, op.Limit, op.describeSeen())
	}
}

func (op *Operation) describeBatch() string {
	var parts []string
	for _, p := range op.Participants {
		text := fmt.Sprintf("%s@%d", p.Stream, p.Expected)
		if p.Events > 0 {
			text += fmt.Sprintf("+%d", p.Events)
		}
		parts = append(parts, text)
	}
	return "{" + strings.Join(parts, " ") + "}"
}

func (op *Operation) describeOutcome() string {
	switch {
	case op.Outcome == eventcore.OutcomeApplied:
		return "applied"
	case op.Conflict != nil && op.Conflict.ActualUnknown:
		return fmt.Sprintf("conflict on %s", op.Conflict.Stream)
	case op.Conflict != nil:
		return fmt.Sprintf("conflict on %s, found at %d", op.Conflict.Stream, op.Conflict.Actual)
	default:
		return op.Outcome.String()
	}
}

func (op *Operation) describeSeen() string {
	text := "nothing"
	if n := len(op.Seen); n > 0 {
		first, last := op.Seen[0], op.Seen[n-1]
		text = fmt.Sprintf("%d events, %s@%d to %s@%d", n, first.Stream, first.Version, last.Stream, last.Version)
	}
	switch op.End {
	case Complete:
		return text
	case Stopped:
		return text + ", stopped"
	default:
		return text + ", then it failed"
	}
}

func describeFilter(f eventcore.Filter) string {
	var text string
	if !f.Prefix.IsZero() {
		text += " prefix " + f.Prefix.String()
	}
	if !f.Pattern.IsZero() {
		text += " pattern " + f.Pattern.String()
	}
	if len(f.Types) > 0 {
		text += " types " + strings.Join(f.Types, " ")
	}
	return text
}
