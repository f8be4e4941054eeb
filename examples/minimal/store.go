// Package minimal is an event store of a few dozen lines, as a third party writes one: a map
// under a mutex. It implements what the contract requires, Append and ReadStream, and nothing
// that is optional.
package minimal

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Store keeps events in memory.
type Store struct {
	clock eventcore.Clock

	mu      sync.Mutex
	streams map[eventcore.StreamID][]eventcore.Recorded
}

// New returns an empty store that takes its time from clock.
func New(clock eventcore.Clock) *Store {
	return &Store{clock: clock, streams: make(map[eventcore.StreamID][]eventcore.Recorded)}
}

// Append implements [eventcore.Store].
func (s *Store) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	if err := ctx.Err(); err != nil {
		return eventcore.Appended{}, &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := w.Participants()
	for _, p := range parts {
		if at := eventcore.Version(len(s.streams[p.Stream])); at != p.Expected {
			return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: at}
		}
	}
	for _, e := range w.Events() {
		id := parts[e.Participant].Stream
		s.streams[id] = append(s.streams[id], eventcore.Recorded{
			ID: e.Event.ID, Stream: id, Version: eventcore.Version(len(s.streams[id]) + 1), Type: e.Event.Type,
			Data: slices.Clone(e.Event.Data), Metadata: slices.Clone(e.Event.Metadata), RecordedAt: s.clock.Now().UTC(),
		})
	}
	var result eventcore.Appended
	for _, p := range parts {
		if at := eventcore.Version(len(s.streams[p.Stream])); at > p.Expected {
			result.Streams = append(result.Streams, eventcore.StreamVersion{Stream: p.Stream, Version: at})
		}
	}
	return result, nil
}

// ReadStream implements [eventcore.Store].
func (s *Store) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		s.mu.Lock()
		events := s.streams[id] // appends never change what is there
		s.mu.Unlock()
		for i := int(min(after, eventcore.Version(len(events)))); ; i++ {
			if err := ctx.Err(); err != nil {
				yield(eventcore.Recorded{}, fmt.Errorf("read stream %q: %w", id, err))
				return
			}
			if i == len(events) {
				return
			}
			e := events[i]
			e.Data, e.Metadata = slices.Clone(e.Data), slices.Clone(e.Metadata)
			if !yield(e, nil) {
				return
			}
		}
	}
}
