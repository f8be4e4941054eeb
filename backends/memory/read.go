package memory

import (
	"context"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ReadStream implements [eventcore.Store]. What it yields is the stream as it stood
// at the first step of the iteration.
func (s *Store) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		for _, event := range s.streamAfter(id, after) {
			if ctx.Err() != nil {
				break
			}
			if !yield(*event, nil) {
				return
			}
		}
		end(ctx, eventcore.OpReadStream, yield)
	}
}

// streamAfter returns the events of a stream after a version.
func (s *Store) streamAfter(id eventcore.StreamID, after eventcore.Version) []*eventcore.Recorded {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := s.streams[id]
	if found == nil || after >= eventcore.Version(len(found.events)) {
		return nil
	}
	return found.events[after:]
}

// end tells a reader whose context is done that what it got may not be all.
func end(ctx context.Context, op eventcore.Operation, yield func(eventcore.Recorded, error) bool) {
	if err := ctx.Err(); err != nil {
		yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: op, Err: err})
	}
}
