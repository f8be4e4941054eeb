package eventcoretest

import (
	"context"
	"encoding/binary"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// history is the events that were recorded before.
type history struct {
	streams map[eventcore.StreamID][]eventcore.Recorded
	count   uint64
}

func (h *history) record(stream eventcore.StreamID, event eventcore.Proposed) {
	if h.streams == nil {
		h.streams = map[eventcore.StreamID][]eventcore.Recorded{}
	}
	h.count++
	var id eventcore.EventID
	binary.BigEndian.PutUint64(id[8:], h.count)
	h.streams[stream] = append(h.streams[stream], eventcore.Recorded{
		ID: id, Stream: stream, Version: eventcore.Version(len(h.streams[stream]) + 1),
		Type: event.Type, Data: event.Data, RecordedAt: epoch{}.Now(), Position: eventcore.NewPosition(0, h.count),
	})
}

// attempt is a store that holds the history and keeps aside what is appended.
type attempt struct {
	history *history
	emitted []emitted
}

// emitted is an event as it would be recorded.
type emitted struct {
	stream eventcore.StreamID
	event  eventcore.Proposed
}

// ReadStream implements [eventcore.Store].
func (a *attempt) ReadStream(_ context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		for _, event := range a.history.streams[id] {
			if event.Version > after && !yield(event, nil) {
				return
			}
		}
	}
}

// Append implements [eventcore.Store].
func (a *attempt) Append(_ context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	participants, result := writes.Participants(), eventcore.Appended{}
	for _, p := range participants {
		if p.Events > 0 {
			result.Streams = append(result.Streams, eventcore.StreamVersion{Stream: p.Stream, Version: p.Expected + eventcore.Version(p.Events)})
		}
	}
	for _, write := range writes.Events() {
		a.emitted = append(a.emitted, emitted{participants[write.Participant].Stream, write.Event})
	}
	return result, nil
}
