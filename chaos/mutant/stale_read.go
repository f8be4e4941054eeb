package mutant

import (
	"context"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// staleRead is what a store does that remembers where a stream ends and does not
// always look again.
func staleRead() Mutant {
	return Mutant{
		Name:  "stale-read",
		Doc:   "One read in four of a stream ends where the stream ended at an earlier read.",
		Layer: Backend,
		Wrap: func(inner eventcore.Store) eventcore.Store {
			m := &staleReader{streams: make(map[eventcore.StreamID]*cachedEnd)}
			return plant(inner, bug{readStream: m.readStream})
		},
	}
}

type staleReader struct {
	mu      sync.Mutex
	streams map[eventcore.StreamID]*cachedEnd
}

type cachedEnd struct {
	reads int
	// end is the version of the last event of the latest fresh read, 0 before it.
	end eventcore.Version
}

func (m *staleReader) readStream(ctx context.Context, inner eventcore.Store, id eventcore.StreamID, after eventcore.Version) events {
	return func(yield func(eventcore.Recorded, error) bool) {
		end, stale := m.begin(id)
		last := after
		for event, err := range inner.ReadStream(ctx, id, after) {
			if stale && err == nil && event.Version > end {
				return
			}
			if !yield(event, err) || err != nil {
				return
			}
			last = event.Version
		}
		if !stale {
			m.finish(id, last)
		}
	}
}

func (m *staleReader) begin(id eventcore.StreamID) (end eventcore.Version, stale bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	cached, ok := m.streams[id]
	if !ok {
		cached = &cachedEnd{}
		m.streams[id] = cached
	}
	cached.reads++
	return cached.end, cached.reads%4 == 0
}

func (m *staleReader) finish(id eventcore.StreamID, end eventcore.Version) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.streams[id].end = max(m.streams[id].end, end)
}
