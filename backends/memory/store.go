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

// Store is an event store in memory. It implements [eventcore.Store],
// [eventcore.AllReader], [eventcore.CheckpointStore], [eventcore.Coordinator] and
// [eventcore.SnapshotStore]. It is safe for concurrent use.
type Store struct {
	clock eventcore.Clock

	// mu guards the headers of log and streams. What they hold never changes once it
	// is there, so a reader takes a header under the lock and then iterates without.
	// It guards all of the maps below.
	mu      sync.RWMutex
	log     eventLog
	streams map[eventcore.StreamID]*stream

	checkpoints map[eventcore.SubscriptionID]eventcore.Position
	leaders     map[eventcore.SubscriptionID]*leadership
	snapshots   map[eventcore.SnapshotKey]eventcore.Snapshot
}

// stream has the events of a stream, which lie in the log.
type stream struct{ events []*eventcore.Recorded }

// New returns an empty store.
func New(cfg Config) *Store {
	clock := cfg.Clock
	if clock == nil {
		clock = eventcore.SystemClock{}
	}
	return &Store{
		clock: clock, streams: make(map[eventcore.StreamID]*stream),
		checkpoints: make(map[eventcore.SubscriptionID]eventcore.Position),
		leaders:     make(map[eventcore.SubscriptionID]*leadership),
		snapshots:   make(map[eventcore.SnapshotKey]eventcore.Snapshot),
	}
}
