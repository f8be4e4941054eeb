package linearizability

import (
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// finalLog is the final state of the store with what the history says of it: who
// wrote which event, where it stands, and what became of every append. Streams and
// events that were sent are numbered.
type finalLog struct {
	history *History
	ops     []Operation
	names   []eventcore.StreamID
	numbers map[eventcore.StreamID]int
	// streams has the final events by the number of the stream, and slots of each
	// the number of the sent event that it is, -1 for one that nobody sent.
	streams [][]eventcore.Recorded
	slots   [][]int
	// sent has every event of every append; index finds them by ID.
	sent  []sentEvent
	index map[eventcore.EventID]int
	// first is the number of the first event of each append, and of those after the
	// last: events of an append have consecutive numbers.
	first []int
	// parts has the stream numbers of an append's participants, or that of a read.
	parts [][]int
	// ranks has the numbers of the sent events in the global order, -1 for others.
	ranks []int
	// extra are events of the final streams whose ID stands in another place too.
	extra []duplicate
	// applied says of each operation whether it is an append that was applied, and
	// returns has the stamps by which operations had taken effect at the latest.
	applied []bool
	returns []int64
	// next is scratch space: the version that each participant has got to.
	next []eventcore.Version

	// allParts and allSlots are what parts and slots are cut from.
	allParts, allSlots []int
	graph              graph
	partition          partition
	translator         translator
	narrowing          narrowing
	witness            witness
}

// sentEvent is an event of an append and its places in the final log.
type sentEvent struct {
	op      int
	id      eventcore.EventID
	stream  int // -1: it is in no final stream
	version eventcore.Version
	rank    int // -1: it is not in the final global order
}

type duplicate struct {
	event   int
	stream  int
	version eventcore.Version
}

// newFinalLog indexes a history; the text says why it cannot be judged, "" if it can.
func newFinalLog(h *History) (*finalLog, string) {
	l := &finalLog{}
	return l, l.set(h)
}

// set makes it the index of a history, in the memory that it had for another one.
func (l *finalLog) set(h *History) string {
	if reason := usable(h); reason != "" {
		return reason
	}
	l.history, l.ops, l.extra = h, h.Operations, l.extra[:0]
	l.applied, l.returns = zeroed(l.applied, len(l.ops)), zeroed(l.returns, len(l.ops))
	l.numberStreams()
	if reason := l.numberEvents(); reason != "" {
		return reason
	}
	if reason := l.resolveStreams(); reason != "" {
		return reason
	}
	l.placeEvents()
	l.rankEvents()
	l.settle()
	return ""
}

func (l *finalLog) numberStreams() {
	l.names = sorted(l.history.Final.Streams)
	l.numbers = emptied(l.numbers, len(l.names))
	l.streams = zeroed(l.streams, len(l.names))
	for n, id := range l.names {
		l.numbers[id] = n
		l.streams[n] = l.history.Final.Streams[id]
	}
}

// numberEvents numbers the events that were sent.
func (l *finalLog) numberEvents() string {
	total := 0
	for i := range l.ops {
		total += len(l.ops[i].Events)
	}
	l.sent = zeroed(l.sent, total)[:0]
	l.index = emptied(l.index, total)
	l.first = zeroed(l.first, len(l.ops)+1)
	for i := range l.ops {
		for e := range l.ops[i].Events {
			id := l.ops[i].Events[e].ID
			l.index[id] = len(l.sent)
			l.sent = append(l.sent, sentEvent{op: i, id: id, stream: -1, rank: -1})
			if len(l.index) < len(l.sent) {
				return sentTwice(id)
			}
		}
		l.first[i+1] = len(l.sent)
	}
	return ""
}

// resolveStreams finds the numbers of the streams that calls name.
func (l *finalLog) resolveStreams() string {
	total := 0
	for i := range l.ops {
		total += max(1, len(l.ops[i].Participants))
	}
	l.allParts = zeroed(l.allParts, total)
	all := l.allParts[:0]
	l.parts = zeroed(l.parts, len(l.ops))
	for i := range l.ops {
		op, from := &l.ops[i], len(all)
		switch op.Kind {
		case Append:
			for p := range op.Participants {
				n, known := l.numbers[op.Participants[p].Stream]
				if !known {
					return notRead(op.Participants[p].Stream)
				}
				all = append(all, n)
			}
		case ReadStream:
			n, known := l.numbers[op.Stream]
			if !known {
				return notRead(op.Stream)
			}
			all = append(all, n)
		case ReadAll:
		}
		l.parts[i] = all[from:]
	}
	return ""
}

// placeEvents notes where events stand in the final streams.
func (l *finalLog) placeEvents() {
	total := 0
	for _, events := range l.streams {
		total += len(events)
	}
	l.allSlots = zeroed(l.allSlots, total)
	all := l.allSlots
	l.slots = zeroed(l.slots, len(l.streams))
	for s, events := range l.streams {
		l.slots[s], all = all[:len(events)], all[len(events):]
		for v := range events {
			n, sent := l.index[events[v].ID]
			if !sent {
				n = -1
			} else if e := &l.sent[n]; e.stream < 0 {
				e.stream, e.version = s, eventcore.Version(v)+1
			} else {
				l.extra = append(l.extra, duplicate{n, s, eventcore.Version(v) + 1})
			}
			l.slots[s][v] = n
		}
	}
}

// rankEvents notes where events stand in the final global order.
func (l *finalLog) rankEvents() {
	global := l.history.Final.Global
	l.ranks = zeroed(l.ranks, len(global))
	for rank := range global {
		n, sent := l.index[global[rank].ID]
		if !sent {
			n = -1
		} else if l.sent[n].rank < 0 {
			l.sent[n].rank = rank
		}
		l.ranks[rank] = n
	}
}

// find returns the number of an event that a read of a stream saw, -1 if nobody sent
// it. Nearly always the event is where the final log has it, which needs no map.
func (l *finalLog) find(stream int, seen *Seen) int {
	if v := int(seen.Version) - 1; stream >= 0 && v >= 0 && v < len(l.slots[stream]) {
		if n := l.slots[stream][v]; n >= 0 && l.sent[n].id == seen.ID {
			return n
		}
	}
	if n, sent := l.index[seen.ID]; sent {
		return n
	}
	return -1
}

// streamOf returns the number of the stream that a read names, -1 if it names none.
func (l *finalLog) streamOf(i int) int {
	if l.ops[i].Kind == ReadStream {
		return l.parts[i][0]
	}
	return -1
}

// record returns the final record of a sent event, nil if it is in no final stream.
func (l *finalLog) record(n int) *eventcore.Recorded {
	e := &l.sent[n]
	if e.stream < 0 {
		return nil
	}
	return &l.streams[e.stream][e.version-1]
}

// owner returns the applied append that wrote version v of a stream, -1 if the final
// log does not have the version or no applied append wrote it.
func (l *finalLog) owner(stream int, v eventcore.Version) int {
	if v < 1 || v > eventcore.Version(len(l.slots[stream])) {
		return -1
	}
	n := l.slots[stream][v-1]
	if n < 0 || !l.applied[l.sent[n].op] {
		return -1
	}
	return l.sent[n].op
}

// rankAfter returns the number of events in the final global order at or before a
// position.
func (l *finalLog) rankAfter(p eventcore.Position) int {
	global := l.history.Final.Global
	// Not a binary search of the slice by value: a record has 150 bytes.
	low, high := 0, len(global)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if global[mid].Position.Compare(p) <= 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// matching returns the first rank from rank on whose event the filter selects, the
// length of the global order if there is none.
func (l *finalLog) matching(filter *eventcore.Filter, rank int) int {
	global := l.history.Final.Global
	for rank < len(global) && !filter.Match(global[rank].Stream, global[rank].Type) {
		rank++
	}
	return rank
}
