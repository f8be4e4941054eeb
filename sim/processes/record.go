package processes

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
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
	// Broken is a rule of the scenario that did not hold.
	Broken string `json:",omitempty"`
}

// writer writes records; it is safe for concurrent use. Each is one write to a pipe, which
// outlives the process.
type writer struct {
	mu  sync.Mutex
	out io.Writer
	err error
}

func (w *writer) write(number int, op *linearizability.Operation) {
	r := record{
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
