package linearizability

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// finalLog is the final state of the store with what the history says of it: who
// wrote which event, where it stands, and what became of every append.
type finalLog struct {
	history *History
	ops     []Operation
	// writers has the append and the index in it of every event ID that was sent.
	// An ID that was sent twice has its first append.
	writers map[eventcore.EventID]writer
	// places has where an event stands in the final streams, the first time.
	places map[eventcore.EventID]place
	// ranks has the index of an event in the final global order.
	ranks map[eventcore.EventID]int
	// applied says of each operation whether it is an append that was applied, and
	// returns has the stamps by which operations had taken effect at the latest.
	applied []bool
	returns []int64
}

type writer struct{ op, event int }

type place struct {
	stream  eventcore.StreamID
	version eventcore.Version
}

func newFinalLog(h *History) *finalLog {
	l := &finalLog{
		history: h, ops: h.Operations,
		writers: make(map[eventcore.EventID]writer), places: make(map[eventcore.EventID]place),
		ranks:   make(map[eventcore.EventID]int, len(h.Final.Global)),
		applied: make([]bool, len(h.Operations)), returns: make([]int64, len(h.Operations)),
	}
	for i := range l.ops {
		op := &l.ops[i]
		l.returns[i] = op.Return
		l.applied[i] = op.Kind == Append && op.Outcome == eventcore.OutcomeApplied
		for e := range op.Events {
			if _, sent := l.writers[op.Events[e].ID]; !sent {
				l.writers[op.Events[e].ID] = writer{i, e}
			}
		}
	}
	for _, id := range h.Final.names() {
		events := h.Final.Streams[id]
		for v := range events {
			if _, there := l.places[events[v].ID]; !there {
				l.places[events[v].ID] = place{id, eventcore.Version(v) + 1}
			}
		}
	}
	for rank := range h.Final.Global {
		id := h.Final.Global[rank].ID
		if _, there := l.ranks[id]; !there {
			l.ranks[id] = rank
		}
	}
	l.settle()
	return l
}

// names returns the names of the streams in a fixed order: that of a map would make
// findings differ from run to run.
func (f *Final) names() []eventcore.StreamID {
	ids := make([]eventcore.StreamID, 0, len(f.Streams))
	for id := range f.Streams {
		ids = append(ids, id)
	}
	sortStreams(ids)
	return ids
}

// settle decides what appends with an unknown outcome did: those of which a read,
// the final one included, saw an event were applied, by the time the first such read
// returned; the others were not. An event that was seen and is gone later is
// not "not applied": the rules report it.
func (l *finalLog) settle() {
	for i := range l.ops {
		op := &l.ops[i]
		for s := range op.Seen {
			w, sent := l.writers[op.Seen[s].ID]
			if !sent || l.ops[w.op].Outcome != eventcore.OutcomeUnknown {
				continue
			}
			if !l.applied[w.op] {
				// The call may have taken effect long after it returned its error.
				l.applied[w.op], l.returns[w.op] = true, Never
			}
			// A read that returned before the append was called is an anomaly of its
			// own and must not make an interval that ends before it begins.
			if op.Return > l.ops[w.op].Call {
				l.returns[w.op] = min(l.returns[w.op], op.Return)
			}
		}
	}
}

// stream returns the final events of a stream.
func (l *finalLog) stream(id eventcore.StreamID) []eventcore.Recorded {
	return l.history.Final.Streams[id]
}

// owner returns the applied append that wrote version v of a stream, -1 if the final
// log does not have the version or nobody is known to have written it.
func (l *finalLog) owner(id eventcore.StreamID, v eventcore.Version) int {
	events := l.stream(id)
	if v < 1 || int(v) > len(events) {
		return -1
	}
	w, sent := l.writers[events[v-1].ID]
	if !sent || !l.applied[w.op] {
		return -1
	}
	return w.op
}

// rankAfter returns the number of events in the final global order at or before a
// position.
func (l *finalLog) rankAfter(p eventcore.Position) int {
	global := l.history.Final.Global
	rank, _ := slices.BinarySearchFunc(global, p, func(e eventcore.Recorded, p eventcore.Position) int {
		if e.Position.Compare(p) <= 0 {
			return -1
		}
		return 1
	})
	return rank
}
