package memory

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// fewStreams is the number of participants up to which an append needs no memory to
// keep track of their streams.
const fewStreams = 8

// Append implements [eventcore.Store].
func (s *Store) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	if err := ctx.Err(); err != nil {
		return eventcore.Appended{}, &eventcore.StoreFailure{
			Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err,
		}
	}
	// The clock is the caller's code: it must not run under the lock.
	now := s.clock.Now().UTC()
	var few [fewStreams]*stream

	s.mu.Lock()
	defer s.mu.Unlock()
	participants := writes.Participants()
	streams, err := s.check(participants, few[:0])
	if err != nil {
		return eventcore.Appended{}, err
	}
	s.makeRoom(participants, streams)
	payload := newArena(writes.Events())
	for i := range writes.Events() {
		write := &writes.Events()[i]
		to, event := streams[write.Participant], s.log.next()
		to.events = append(to.events, event)
		event.ID, event.Type = write.Event.ID, write.Event.Type
		event.Stream, event.Version = participants[write.Participant].Stream, eventcore.Version(len(to.events))
		event.Data, event.Metadata = payload.keep(write.Event.Data), payload.keep(write.Event.Metadata)
		event.RecordedAt, event.Position = now, eventcore.NewPosition(0, uint64(s.log.count))
	}
	return s.appended(participants, len(writes.Events())), nil
}

// check appends the stream of each participant to streams, nil for one without
// events, unless one of them is not at its expected version.
func (s *Store) check(participants []eventcore.Participant, streams []*stream) ([]*stream, error) {
	for i := range participants {
		p := &participants[i]
		found := s.streams[p.Stream]
		var actual eventcore.Version
		if found != nil {
			actual = eventcore.Version(len(found.events))
		}
		if actual != p.Expected {
			return nil, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: actual}
		}
		streams = append(streams, found)
	}
	return streams, nil
}

// makeRoom makes the streams that do not exist and grows each by the events that are
// to come. It is called once nothing can refuse the batch any more.
func (s *Store) makeRoom(participants []eventcore.Participant, streams []*stream) {
	for i := range participants {
		p := &participants[i]
		if p.Events == 0 {
			continue
		}
		if streams[i] == nil {
			streams[i] = &stream{}
			s.streams[p.Stream] = streams[i]
		}
		streams[i].events = slices.Grow(streams[i].events, p.Events)
	}
}

// appended returns the result of a batch of so many events that is in the log.
func (s *Store) appended(participants []eventcore.Participant, events int) eventcore.Appended {
	if events == 0 {
		return eventcore.Appended{}
	}
	versions := make([]eventcore.StreamVersion, 0, len(participants))
	for i := range participants {
		if p := &participants[i]; p.Events > 0 {
			versions = append(versions, eventcore.StreamVersion{
				Stream: p.Stream, Version: p.Expected + eventcore.Version(p.Events),
			})
		}
	}
	return eventcore.Appended{Streams: versions, Last: eventcore.NewPosition(0, uint64(s.log.count))}
}

// arena copies the payloads of a batch into one block: the caller may use its
// slices again.
type arena struct{ block []byte }

func newArena(writes []eventcore.Write) arena {
	size := 0
	for i := range writes {
		size += len(writes[i].Event.Data) + len(writes[i].Event.Metadata)
	}
	return arena{make([]byte, 0, size)}
}

func (a *arena) keep(data json.RawMessage) json.RawMessage {
	if len(data) == 0 {
		return nil
	}
	from := len(a.block)
	a.block = append(a.block, data...)
	// The capacity ends with the data, so that a reader's append cannot write into
	// the neighbour.
	return json.RawMessage(a.block[from:len(a.block):len(a.block)])
}
