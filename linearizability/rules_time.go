package linearizability

import (
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// checkTime compares calls with those that had returned before they began, one stream
// at a time: what one call showed of a stream no later call may miss, and what is
// appended later no call has seen. What takes more than two calls, or two streams,
// is left to the model.
func (l *finalLog) checkTime(f *findings) {
	streams := l.streamBounds()
	for i := range l.ops {
		op := &l.ops[i]
		switch {
		case op.Kind == ReadStream && op.End == Complete:
			length := lengthRead(op)
			if len(op.Seen) > 0 {
				l.checkWhole(f, i, l.parts[i][0], eventcore.Version(length))
			}
			l.checkMissed(f, i, l.parts[i][0], streams, length)
		case op.Kind != Append:
		case l.applied[i]:
			for p, s := range l.parts[i] {
				l.checkRelied(f, i, p, streams[s])
			}
		case op.Conflict != nil && !op.Conflict.ActualUnknown:
			if p := conflicting(op); p >= 0 {
				l.checkFound(f, i, l.parts[i][p], streams)
			}
		}
	}
}

// checkFound: the version at which a conflict found its stream was one that the stream
// had by then and still had.
func (l *finalLog) checkFound(f *findings, i, s int, streams []*bounds) {
	op := &l.ops[i]
	found := op.Conflict.Actual
	if uint64(found) > uint64(len(l.streams[s])) {
		f.add(FalseConflict, []int{i}, "%s: %q never had so many events", op, l.names[s])
		return
	}
	l.checkWhole(f, i, s, found)
	l.checkMissed(f, i, s, streams, uint64(found))
	if at := streams[s].until(uint64(found)); op.Return < at.stamp {
		f.add(FutureRead, []int{at.op, i}, "%s: its conflict found %q at %d before %s", op, l.names[s], found, &l.ops[at.op])
	}
}

// lengthRead returns the length that a complete read found its stream to have. A read
// with a hole, which has a name of its own, is taken by its last event.
func lengthRead(op *Operation) uint64 {
	length := uint64(op.After) + uint64(len(op.Seen))
	if n := len(op.Seen); n > 0 {
		length = max(length, uint64(op.Seen[n-1].Version))
	}
	return length
}

// checkMissed: nobody had seen the stream longer before call i, which found it at a
// length.
func (l *finalLog) checkMissed(f *findings, i, s int, streams []*bounds, length uint64) {
	if length > uint64(len(l.streams[s])) {
		return
	}
	at := streams[s].after(int(length))
	if at.stamp >= l.ops[i].Call {
		return
	}
	name := StaleRead
	if l.ops[at.op].Kind != Append || !l.applied[at.op] {
		name = NonMonotonicRead
	}
	f.add(name, []int{at.op, i}, "%s: it did not see version %d of %q, which %s", &l.ops[i], length+1, l.names[s], l.vouches(at.op))
}

// checkWhole: call i did not find the stream at a version in the middle of an append.
func (l *finalLog) checkWhole(f *findings, i, s int, v eventcore.Version) {
	if w := l.owner(s, v); w >= 0 && w != i && w == l.owner(s, v+1) {
		f.add(TornAppend, []int{w, i}, "%s: it found %q at version %d, in the middle of %s", &l.ops[i], l.names[s], v, &l.ops[w])
	}
}

// vouches says how a call shows that an event was there.
func (l *finalLog) vouches(i int) string {
	verb := "was seen before by"
	if l.applied[i] {
		verb = "was there when this had returned:"
	}
	return fmt.Sprintf("%s %s", verb, &l.ops[i])
}

// checkRelied: participant p of applied append i had not moved on before the append was
// called, and had come to its expected version by the time it returned.
func (l *finalLog) checkRelied(f *findings, i, p int, known *bounds) {
	op := &l.ops[i]
	part := &op.Participants[p]
	s := l.parts[i][p]
	if part.Events == 0 {
		if uint64(part.Expected) > uint64(len(l.streams[s])) {
			f.add(UncheckedStream, []int{i}, "%s: it expected %q at %d, which never had so many events", op, part.Stream, part.Expected)
			return
		}
		l.checkWhole(f, i, s, part.Expected)
	}
	if at := known.after(int(min(part.Expected, Never))); at.stamp < op.Call {
		switch {
		case part.Events == 0:
			f.add(UncheckedStream, []int{at.op, i}, "%s: it expected %q at %d, but version %d %s", op, part.Stream, part.Expected, part.Expected+1, l.vouches(at.op))
		case l.applied[at.op]:
			f.add(RealTimeInversion, []int{at.op, i}, "%s: it wrote version %d of %q, behind which %s had returned before", op, part.Expected+1, part.Stream, &l.ops[at.op])
		default:
			f.add(FutureRead, []int{at.op, i}, "%s: it wrote version %d of %q, which %s", op, part.Expected+1, part.Stream, l.vouches(at.op))
		}
	}
	if at := known.until(uint64(part.Expected)); l.returns[i] < at.stamp {
		f.add(RealTimeInversion, []int{i, at.op}, "%s: it relies on version %d of %q, which was appended only later by %s",
			op, part.Expected, part.Stream, &l.ops[at.op])
	}
}
