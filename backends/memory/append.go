package memory

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Append implements [eventcore.Store].
func (s *Store) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	if err := ctx.Err(); err != nil {
		return eventcore.Appended{}, &eventcore.StoreFailure{
			Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err,
		}
	}
	// The clock is the caller's code: it must not run under the lock.
	now := s.clock.Now().UTC()
	payload := newArena(writes.Events())

	s.mu.Lock()
	defer s.mu.Unlock()
	participants := writes.Participants()
	for i := range participants {
		if err := s.check(&participants[i]); err != nil {
			return eventcore.Appended{}, err
		}
	}
	touched := s.touched(participants)
	s.log = slices.Grow(s.log, len(writes.Events()))
	for i := range writes.Events() {
		write := &writes.Events()[i]
		stream := touched[write.Participant]
		stream.events = append(stream.events, len(s.log))
		s.log = append(s.log, eventcore.Recorded{
			ID: write.Event.ID, Stream: participants[write.Participant].Stream,
			Version: eventcore.Version(len(stream.events)), Type: write.Event.Type,
			Data: payload.keep(write.Event.Data), Metadata: payload.keep(write.Event.Metadata),
			RecordedAt: now, Position: eventcore.NewPosition(0, uint64(len(s.log))+1),
		})
	}
	return s.appended(participants, len(writes.Events())), nil
}

func (s *Store) check(p *eventcore.Participant) error {
	var actual eventcore.Version
	if found := s.streams[p.Stream]; found != nil {
		actual = eventcore.Version(len(found.events))
	}
	if actual != p.Expected {
		return &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: actual}
	}
	return nil
}

// touched returns the stream of each participant that is written to, new ones
// made, and nil for those that are only read.
func (s *Store) touched(participants []eventcore.Participant) []*stream {
	streams := make([]*stream, len(participants))
	for i := range participants {
		p := &participants[i]
		if p.Events == 0 {
			continue
		}
		found := s.streams[p.Stream]
		if found == nil {
			found = &stream{}
			s.streams[p.Stream] = found
		}
		streams[i] = found
	}
	return streams
}

func (s *Store) appended(participants []eventcore.Participant, events int) eventcore.Appended {
	var result eventcore.Appended
	if events == 0 {
		return result
	}
	result.Last = eventcore.NewPosition(0, uint64(len(s.log)))
	for i := range participants {
		if p := &participants[i]; p.Events > 0 {
			result.Streams = append(result.Streams, eventcore.StreamVersion{
				Stream: p.Stream, Version: p.Expected + eventcore.Version(p.Events),
			})
		}
	}
	return result
}

// arena copies the payloads of a batch into one block: the caller may use its
// slices again.
type arena []byte

func newArena(writes []eventcore.Write) *arena {
	size := 0
	for i := range writes {
		size += len(writes[i].Event.Data) + len(writes[i].Event.Metadata)
	}
	block := make(arena, 0, size)
	return &block
}

func (a *arena) keep(data json.RawMessage) json.RawMessage {
	if len(data) == 0 {
		return nil
	}
	from := len(*a)
	*a = append(*a, data...)
	// The capacity ends with the data, so that a reader's append cannot write into
	// the neighbour.
	return json.RawMessage((*a)[from:len(*a):len(*a)])
}
