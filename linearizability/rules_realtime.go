package linearizability

import "github.com/eventcore-go/eventcore-sim/eventcore"

// checkRealTime: a call that began after another had returned does not see the store
// as it was before that one. Only pairs that a stream's versions tie together are
// looked at; porcupine finds what takes more than two calls.
func (l *finalLog) checkRealTime(f *findings) {
	for i := range l.ops {
		op := &l.ops[i]
		switch {
		case op.Kind == ReadStream && op.End == Complete:
			l.checkFresh(f, i, op, op.Stream, op.After+eventcore.Version(len(op.Seen)), StaleRead, "did not see")
		case op.Kind == Append && op.Conflict != nil && !op.Conflict.ActualUnknown:
			l.checkFresh(f, i, op, op.Conflict.Stream, op.Conflict.Actual, StaleRead, "its conflict did not see")
		case op.Kind == Append && l.applied[i]:
			l.checkParticipants(f, i, op)
		}
	}
}

// checkFresh: op found the stream at version v, so the append of version v+1 had not
// returned when op was called.
func (l *finalLog) checkFresh(f *findings, i int, op *Operation, id eventcore.StreamID, v eventcore.Version, name, verb string) {
	next := l.owner(id, v+1)
	if next >= 0 && next != i && l.returns[next] < op.Call {
		f.add(name, []int{next, i}, "%s: it %s version %d of %q, which %s had written before", op, verb, v+1, id, &l.ops[next])
	}
}

// checkParticipants: between the check of a participant and the effect of its append
// nobody moves it.
func (l *finalLog) checkParticipants(f *findings, i int, op *Operation) {
	for p := range op.Participants {
		part := &op.Participants[p]
		if part.Events == 0 {
			l.checkFresh(f, i, op, part.Stream, part.Expected, UncheckedStream, "expected its participants unmoved and overlooked")
		}
		previous := l.owner(part.Stream, part.Expected)
		if previous >= 0 && previous != i && l.returns[i] < l.ops[previous].Call {
			f.add(RealTimeInversion, []int{i, previous}, "%s: it follows version %d of %q, which was appended only later by %s",
				op, part.Expected, part.Stream, &l.ops[previous])
		}
	}
}
