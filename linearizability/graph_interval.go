package linearizability

import "math"

// interval is what a call tells of one stream, or of the global order as one more: it
// found it at a version from low to high, and left it grow events longer.
type interval struct{ of, low, high, grow int32 }

// unbounded is the high end where a call tells of none.
const unbounded = math.MaxInt32

// before says that the call with the first interval must come before that with the
// second: behind it the stream would have been longer than it found it.
func (v interval) before(w interval) bool { return v.of == w.of && v.high < w.low+w.grow }

// graph has a node for each call, by its index in the history. An edge leads from a call
// to one that must come behind it, whatever the time.
type graph struct {
	log   *finalLog
	found findings
	// global is the number of the global order among the streams, -1 if it tells
	// nothing; lengths has what reads of it tell, in their order.
	global  int
	filters *filterIndex
	lengths []interval

	// all has the intervals of call i from first[i] to first[i+1].
	all   []interval
	first []int32
	// next has the calls behind call i from from[i] to from[i+1].
	next []int32
	from []int32

	// What follows is scratch space of single passes.
	last             []int
	allOwners        []int32
	owned            [][]int32
	waiting, inOrder []int32
	soonest          []soonest
}

// reset makes it the empty graph of a log.
func (g *graph) reset(l *finalLog) {
	g.log, g.found, g.global, g.filters, g.lengths = l, findings{}, -1, nil, g.lengths[:0]
}

// of returns the intervals of a call.
func (g *graph) of(i int) []interval { return g.all[g.first[i]:g.first[i+1]] }

// setIntervals finds the intervals of all calls. The contents of the store are sound.
func (g *graph) setIntervals() {
	l, lengths := g.log, g.lengths
	total := 0
	for i := range l.ops {
		total += 1 + len(l.parts[i])
	}
	g.all = zeroed(g.all, total)[:0]
	g.first = zeroed(g.first, len(l.ops)+1)
	for i := range l.ops {
		switch op := &l.ops[i]; {
		case op.Kind == Append && l.applied[i]:
			g.addApplied(i)
		case op.Kind == Append:
			if s := l.foundAt(i); s >= 0 {
				at := int32(op.Conflict.Actual)
				g.all = append(g.all, interval{of: int32(s), low: at, high: at})
			}
		case op.Kind == ReadStream:
			g.addStreamRead(i)
		case g.global >= 0:
			g.all = append(g.all, lengths[0])
			lengths = lengths[1:]
		}
		g.first[i+1] = int32(len(g.all))
	}
}

func (g *graph) addApplied(i int) {
	op := &g.log.ops[i]
	for p, s := range g.log.parts[i] {
		part := &op.Participants[p]
		at := int32(part.Expected)
		g.all = append(g.all, interval{of: int32(s), low: at, high: at, grow: int32(part.Events)})
	}
	if n := g.log.first[i]; g.global >= 0 && len(op.Events) > 0 {
		at := int32(g.log.sent[n].rank)
		g.all = append(g.all, interval{of: int32(g.global), low: at, high: at, grow: int32(len(op.Events))})
	}
}

// addStreamRead: a read that found nothing tells that the stream was not longer than its
// argument; one that did not come to the end only how long it was at least.
func (g *graph) addStreamRead(i int) {
	op, s := &g.log.ops[i], g.log.parts[i][0]
	// Versions beyond the end of the stream bound nothing.
	after := int32(min(uint64(op.After), uint64(len(g.log.streams[s]))))
	v := interval{of: int32(s), high: unbounded}
	if n := int32(len(op.Seen)); n > 0 {
		v.low = after + n
	}
	if op.End == Complete {
		v.high = after + int32(len(op.Seen))
	}
	g.all = append(g.all, v)
}
