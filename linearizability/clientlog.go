package linearizability

import (
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/chunked"
)

// clientLog has operations in the order of their calls: those of one client, which are
// written by the client's goroutine alone, or those of all clients, where only one of these
// runs at a time.
type clientLog struct {
	ops          chunked.List[Operation]
	participants arena[eventcore.Participant]
	events       arena[Event]
	versions     arena[eventcore.StreamVersion]
	conflicts    arena[eventcore.VersionConflict]
	seen         arena[Seen]
	// idle are readings that can be used again.
	idle []*reading
	// Logs lie side by side; the space keeps one client's writes from slowing down
	// its neighbour on another processor.
	_ [64]byte
}

// begin adds an operation.
func (l *clientLog) begin(client int, kind Kind, call int64) *Operation {
	op := l.ops.Add()
	op.Client, op.Kind, op.Call, op.Return = client, kind, call, Never
	return op
}

// keepBatch copies the batch of an append.
func (l *clientLog) keepBatch(op *Operation, writes *eventcore.Writes) {
	all := writes.Participants()
	op.Participants = l.participants.keep(append(l.participants.take(len(all)), all...))
	events := l.events.take(len(writes.Events()))
	for i := range writes.Events() {
		w := &writes.Events()[i]
		events = append(events, Event{w.Event.ID, w.Participant, w.Event.Type})
	}
	op.Events = l.events.keep(events)
}

// keepResult copies the result of an append: its slice belongs to the client, which
// may change it.
func (l *clientLog) keepResult(op *Operation, appended eventcore.Appended) {
	op.Appended = appended
	if n := len(appended.Streams); n > 0 {
		op.Appended.Streams = l.versions.keep(append(l.versions.take(n), appended.Streams...))
	}
}

// keepConflict copies a conflict: the error belongs to the client.
func (l *clientLog) keepConflict(op *Operation, conflict *eventcore.VersionConflict) {
	op.Conflict = &l.conflicts.keep(append(l.conflicts.take(1), *conflict))[0]
}

// reset forgets everything and keeps the memory.
func (l *clientLog) reset() {
	l.ops.Reset()
	l.participants.reset()
	l.events.reset()
	l.versions.reset()
	l.conflicts.reset()
	l.seen.reset()
}

// release forgets everything and keeps the memory that no operation has a part of.
func (l *clientLog) release() {
	l.ops.Reset()
	l.participants.release()
	l.events.release()
	l.versions.release()
	l.conflicts.release()
	l.seen.release()
}
