package linearizability

import "fmt"

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
			l.checkMissed(f, i, l.parts[i][0], streams, uint64(op.After)+uint64(len(op.Seen)))
		case op.Kind != Append:
		case l.applied[i]:
			for p, s := range l.parts[i] {
				l.checkRelied(f, i, p, streams[s])
			}
		case op.Conflict != nil && !op.Conflict.ActualUnknown:
			if p := conflicting(op); p >= 0 {
				s := l.parts[i][p]
				l.checkMissed(f, i, s, streams, uint64(op.Conflict.Actual))
				if at := streams[s].until(uint64(op.Conflict.Actual)); op.Return < at.stamp {
					f.add(FutureRead, []int{at.op, i}, "%s: its conflict found %q at %d before %s", op, op.Conflict.Stream, op.Conflict.Actual, &l.ops[at.op])
				}
			}
		}
	}
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
