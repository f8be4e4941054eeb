package processes

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// record is a line that a process writes: a call before it is made, and once more when it
// has returned. It has the fields of [linearizability.Operation], those as text that have no
// text of their own when they are empty.
type record struct {
	Client int
	// Number counts the calls of the client.
	Number       int
	Kind         linearizability.Kind
	Call, Return int64

	Participants []eventcore.Participant    `json:",omitempty"`
	Events       []linearizability.Event    `json:",omitempty"`
	Outcome      eventcore.Outcome          `json:",omitempty"`
	Conflict     *eventcore.VersionConflict `json:",omitempty"`
	Streams      []eventcore.StreamVersion  `json:",omitempty"`
	Last         eventcore.Position

	Stream          string            `json:",omitempty"`
	After           eventcore.Version `json:",omitempty"`
	Prefix, Pattern string            `json:",omitempty"`
	Types           []string          `json:",omitempty"`
	Position        eventcore.Position
	Limit           int                    `json:",omitempty"`
	Seen            []linearizability.Seen `json:",omitempty"`
	End             linearizability.End    `json:",omitempty"`

	Error string `json:",omitempty"`
	// Bytes are those of the events, told where an append begins.
	Bytes []payload `json:",omitempty"`
	// Done is what came of an operation of the program; the record has nothing besides.
	Done *done `json:",omitempty"`
}

// payload is what an event says, byte by byte: JSON within JSON would be written anew.
type payload struct{ Data, Metadata []byte }

// done is what came of an operation of a client's program, as far as invariants ask for it
// and the calls do not say it.
type done struct {
	Index    int
	Outcome  eventcore.Outcome
	Ref      uint64
	Attempts int                       `json:",omitempty"`
	Read     []eventcore.StreamVersion `json:",omitempty"`
	Appended []eventcore.StreamVersion `json:",omitempty"`
	Error    string                    `json:",omitempty"`
	// Violation is a rule of the scenario that did not hold.
	Violation *scenarios.Violation `json:",omitempty"`
}

// doneOf returns what a process tells of a result.
func doneOf(index int, result *scenarios.Result) *done {
	d := &done{
		Index: index, Outcome: result.Outcome, Ref: result.Ref,
		Attempts: result.Executed.Attempts, Read: result.Executed.Read, Appended: result.Executed.Appended.Streams,
	}
	if result.Err != nil {
		d.Error = result.Err.Error()
	}
	d.Violation, _ = errors.AsType[*scenarios.Violation](result.Err)
	return d
}

// result is the inverse of doneOf, without the client, its operation and its attempts.
func (d *done) result() scenarios.Result {
	r := scenarios.Result{Index: d.Index, Phase: scenarios.PhaseSafety, Outcome: d.Outcome, Ref: d.Ref}
	r.Executed.Attempts, r.Executed.Read, r.Executed.Appended.Streams = d.Attempts, d.Read, d.Appended
	switch {
	case d.Violation != nil:
		r.Err = d.Violation
	case d.Error != "":
		r.Err = errors.New(d.Error)
	}
	return r
}

// writer writes records; it is safe for concurrent use. Each is one write to a pipe, which
// outlives the process.
type writer struct {
	mu  sync.Mutex
	out io.Writer
	err error
	// lines is the number of them that were written.
	lines int
}

func (w *writer) write(number int, op *linearizability.Operation, bytes []payload) {
	r := record{
		Bytes:  bytes,
		Client: op.Client, Number: number, Kind: op.Kind, Call: op.Call, Return: op.Return,
		Participants: op.Participants, Events: op.Events, Outcome: op.Outcome, Conflict: op.Conflict,
		Streams: op.Appended.Streams, Last: op.Appended.Last,
		Stream: op.Stream.String(), After: op.After,
		Prefix: op.Filter.Prefix.String(), Pattern: op.Filter.Pattern.String(), Types: op.Filter.Types,
		Position: op.Position, Limit: op.Limit, Seen: op.Seen, End: op.End,
	}
	if op.Err != nil {
		r.Error = op.Err.Error()
	}
	w.send(r)
}

func (w *writer) send(r record) {
	line, err := json.Marshal(r)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		_, err = w.out.Write(append(line, '\n'))
	}
	if w.err == nil {
		w.err = err
		w.lines++
	}
}

// parse reads a record.
func parse(line []byte) (record, error) {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("processes: %w", err)
	}
	return r, nil
}

// operation returns the call that it is about.
func (r *record) operation() (linearizability.Operation, error) {
	op := linearizability.Operation{
		Client: r.Client, Kind: r.Kind, Call: r.Call, Return: r.Return,
		Participants: r.Participants, Events: r.Events, Outcome: r.Outcome, Conflict: r.Conflict,
		Appended: eventcore.Appended{Streams: r.Streams, Last: r.Last},
		After:    r.After, Position: r.Position, Limit: r.Limit, Seen: r.Seen, End: r.End,
	}
	var failed []error
	if r.Stream != "" {
		id, err := eventcore.ParseStreamID(r.Stream)
		op.Stream, failed = id, append(failed, err)
	}
	if r.Prefix != "" {
		prefix, err := eventcore.ParseStreamPrefix(r.Prefix)
		op.Filter.Prefix, failed = prefix, append(failed, err)
	}
	if r.Pattern != "" {
		pattern, err := eventcore.ParseStreamPattern(r.Pattern)
		op.Filter.Pattern, failed = pattern, append(failed, err)
	}
	op.Filter.Types = r.Types
	if r.Error != "" {
		op.Err = errors.New(r.Error)
	}
	return op, errors.Join(failed...)
}
