// Package memory is an event store in memory: the fastest backend, the reference
// for the others, and gone with the process.
package memory

import (
	"context"
	"iter"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Config configures a [Store]. The zero value is useful.
type Config struct {
	// Clock gives the recorded time of events. nil: the system clock.
	Clock eventcore.Clock
}

// Store is an event store in memory. It implements [eventcore.Store] and
// [eventcore.AllReader].
type Store struct {
	clock eventcore.Clock

	// mu guards the slices' headers. What they hold never changes once it is
	// there, so a reader takes a header under the lock and then iterates without.
	mu      sync.RWMutex
	log     []eventcore.Recorded
	streams map[eventcore.StreamID]*stream
}

// stream has the indices in the log of a stream's events.
type stream struct{ events []int }

// New returns an empty store.
func New(cfg Config) *Store {
	clock := cfg.Clock
	if clock == nil {
		clock = eventcore.SystemClock{}
	}
	return &Store{clock: clock, streams: make(map[eventcore.StreamID]*stream)}
}

// ReadStream implements [eventcore.Store].
func (s *Store) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		log, events := s.snapshot(id, after)
		for _, i := range events {
			if !deliver(ctx, eventcore.OpReadStream, &log[i], yield) {
				return
			}
		}
		end(ctx, eventcore.OpReadStream, yield)
	}
}

// snapshot returns the log and the indices of the stream's events after a version.
func (s *Store) snapshot(id eventcore.StreamID, after eventcore.Version) ([]eventcore.Recorded, []int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := s.streams[id]
	if found == nil || after >= eventcore.Version(len(found.events)) {
		return nil, nil
	}
	return s.log, found.events[after:]
}

// deliver yields one event unless the context is done; false means stop.
func deliver(ctx context.Context, op eventcore.Operation, event *eventcore.Recorded, yield func(eventcore.Recorded, error) bool) bool {
	if err := ctx.Err(); err != nil {
		yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: op, Err: err})
		return false
	}
	return yield(*event, nil)
}

// end tells a reader whose context is done that what it got may not be all.
func end(ctx context.Context, op eventcore.Operation, yield func(eventcore.Recorded, error) bool) {
	if err := ctx.Err(); err != nil {
		yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: op, Err: err})
	}
}
