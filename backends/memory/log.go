package memory

import (
	"sort"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// The chunks of a log double in size up to the largest: a small store stays small,
// and a large one never moves what it holds, so an append costs the same in both.
const (
	smallestChunk = 16
	largestChunk  = 1024
)

// eventLog is the global order. An event never moves once it is there and a chunk's
// header never changes, so a copy of an eventLog is a snapshot that may be read while
// events are added to the original.
type eventLog struct {
	chunks []chunk
	count  int
}

// chunk has room for len(events) events, of which the first has the index first.
type chunk struct {
	first  int
	events []eventcore.Recorded
}

func (c *chunk) end() int { return c.first + len(c.events) }

// next returns the place of the next event and counts it.
func (l *eventLog) next() *eventcore.Recorded {
	if len(l.chunks) == 0 || l.count == l.chunks[len(l.chunks)-1].end() {
		size := smallestChunk
		if len(l.chunks) > 0 {
			size = min(2*len(l.chunks[len(l.chunks)-1].events), largestChunk)
		}
		l.chunks = append(l.chunks, chunk{first: l.count, events: make([]eventcore.Recorded, size)})
	}
	last := &l.chunks[len(l.chunks)-1]
	l.count++
	return &last.events[l.count-1-last.first]
}

// from returns what yields the events from an index on, in pieces.
func (l *eventLog) from(index int) pieces {
	at := sort.Search(len(l.chunks), func(i int) bool { return l.chunks[i].end() > index })
	return pieces{log: l, at: at, index: index}
}

// pieces is a place in a log.
type pieces struct {
	log *eventLog
	// at is the chunk that has the event with the index.
	at, index int
}

// next returns the events up to the end of a chunk, none at the end of the log.
func (p *pieces) next() []eventcore.Recorded {
	if p.index >= p.log.count {
		return nil
	}
	c := &p.log.chunks[p.at]
	events := c.events[p.index-c.first : min(p.log.count-c.first, len(c.events))]
	p.at, p.index = p.at+1, p.index+len(events)
	return events
}
