// Package memory is an event store in memory: the fastest backend, the reference
// for the others, and gone with the process.
package memory

import (
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Config configures a [Store]. The zero value is useful.
type Config struct {
	// Clock gives the recorded time of events. nil: the system clock.
	Clock eventcore.Clock
}

// Store is an event store in memory. It implements [eventcore.Store] and
// [eventcore.AllReader]. It is safe for concurrent use.
type Store struct {
	clock eventcore.Clock

	// mu guards the headers of log and streams. What they hold never changes once it
	// is there, so a reader takes a header under the lock and then iterates without.
	mu      sync.RWMutex
	log     eventLog
	streams map[eventcore.StreamID]*stream
}

// stream has the events of a stream, which lie in the log.
type stream struct{ events []*eventcore.Recorded }

// New returns an empty store.
func New(cfg Config) *Store {
	clock := cfg.Clock
	if clock == nil {
		clock = eventcore.SystemClock{}
	}
	return &Store{clock: clock, streams: make(map[eventcore.StreamID]*stream)}
}
