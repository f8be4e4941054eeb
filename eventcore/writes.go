package eventcore

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Writes is one atomic batch: the participants with the versions they are
// expected to have, and events for some of them. The zero value is an empty batch.
// It is built by one goroutine; once built it may be read by several.
type Writes struct {
	participants []Participant
	events       []Write
	// index finds participants once there are too many to search one by one.
	index map[StreamID]int
}

// Participant is a stream whose version an append checks.
type Participant struct {
	Stream   StreamID
	Expected Version
	// Events is the number of events that the batch writes to the stream, 0 for a
	// participant that is only read.
	Events int
}

// Write is one event of a batch and the participant it goes to.
type Write struct {
	// Participant is the index of the stream in [Writes.Participants].
	Participant int
	Event       Proposed
}

// searchLimit is the number of participants up to which a linear search is
// faster than a map.
const searchLimit = 8

// Expect declares a stream as a participant that must be at version when the
// batch is appended. Declaring it again at the same version changes nothing; at
// another version it is refused with [*ConflictingExpectedVersions].
func (w *Writes) Expect(stream StreamID, version Version) error {
	if stream.IsZero() {
		return errors.New("eventcore: expect: the stream ID is the zero value; make it with ParseStreamID")
	}
	if i := w.find(stream); i >= 0 {
		if first := w.participants[i].Expected; first != version {
			return &ConflictingExpectedVersions{Stream: stream, First: first, Second: version}
		}
		return nil
	}
	w.participants = append(w.participants, Participant{Stream: stream, Expected: version})
	w.note(stream)
	return nil
}

// Append adds events to a stream that [Writes.Expect] has declared; to any other
// it is refused with [*UndeclaredStream]. An event without an ID or type, or whose
// data or metadata is not JSON, is refused with [*SerializationFailed]. On an
// error none of the events is added. The slices of the events are kept, not copied.
func (w *Writes) Append(stream StreamID, events ...Proposed) error {
	i := w.find(stream)
	if i < 0 {
		return &UndeclaredStream{Stream: stream}
	}
	for n := range events {
		if err := checkProposed(&events[n]); err != nil {
			return &SerializationFailed{Stream: stream, Type: events[n].Type, Err: err}
		}
	}
	w.events = slices.Grow(w.events, len(events))
	for _, e := range events {
		w.events = append(w.events, Write{Participant: i, Event: e})
	}
	w.participants[i].Events += len(events)
	return nil
}

// Participants returns the streams in the order in which they were declared. The
// slice belongs to w and must not be changed.
func (w *Writes) Participants() []Participant { return w.participants }

// Events returns the events in the order in which they were added. The slice
// belongs to w and must not be changed.
func (w *Writes) Events() []Write { return w.events }

// reset empties the batch and makes room for as many participants and events; it
// keeps its memory.
func (w *Writes) reset(participants, events int) {
	clear(w.events)
	w.participants = slices.Grow(w.participants[:0], participants)
	w.events = slices.Grow(w.events[:0], events)
	w.index = nil
}

func (w *Writes) find(stream StreamID) int {
	if w.index != nil {
		if i, ok := w.index[stream]; ok {
			return i
		}
		return -1
	}
	for i := range w.participants {
		if w.participants[i].Stream == stream {
			return i
		}
	}
	return -1
}

func (w *Writes) note(stream StreamID) {
	switch {
	case w.index != nil:
		w.index[stream] = len(w.participants) - 1
	case len(w.participants) > searchLimit:
		w.index = make(map[StreamID]int, 2*len(w.participants))
		for i := range w.participants {
			w.index[w.participants[i].Stream] = i
		}
	}
}

func checkProposed(e *Proposed) error {
	switch {
	case e.ID == EventID{}:
		return errors.New("the event has no ID; make one with an IDGenerator")
	case e.Type == "":
		return errors.New("the event has no type name")
	case !json.Valid(e.Data):
		return fmt.Errorf("the data of event %s is not JSON: %.40q", e.ID, e.Data)
	case len(e.Metadata) > 0 && !json.Valid(e.Metadata):
		return fmt.Errorf("the metadata of event %s is not JSON: %.40q", e.ID, e.Metadata)
	}
	return nil
}
