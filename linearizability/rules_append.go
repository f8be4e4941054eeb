package linearizability

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// checkAppends compares every append with the final log.
func (l *finalLog) checkAppends(f *findings) {
	for i := range l.ops {
		op := &l.ops[i]
		switch {
		case op.Kind != Append:
		case l.applied[i]:
			l.checkApplied(f, i, op)
		case op.Outcome == eventcore.OutcomeNotApplied:
			l.checkRefused(f, i, op)
		}
	}
}

// checkApplied: all events of an applied append are there, one after the other, at
// the versions behind the expected ones.
func (l *finalLog) checkApplied(f *findings, i int, op *Operation) {
	missing, misplaced := 0, false
	l.next = l.next[:0]
	for p := range op.Participants {
		l.next = append(l.next, op.Participants[p].Expected)
	}
	for e := range op.Events {
		n, to := l.first[i]+e, op.Events[e].Participant
		l.next[to]++
		if l.sent[n].stream < 0 {
			missing++
			continue
		}
		at, p, want := &l.sent[n], &op.Participants[to], l.next[to]
		switch {
		case at.stream != l.parts[i][to]:
			f.add(WrongStream, []int{i}, "%s: event %s was appended to %q and is in %q", op, at.id, p.Stream, l.names[at.stream])
		case at.version != want && !misplaced:
			misplaced = true // the others are behind it
			l.misplaced(f, i, op, n, p, want)
		}
	}
	switch {
	case missing > 0 && missing < len(op.Events):
		f.add(TornAppend, []int{i}, "%s: %d of its %d events are not in the store", op, missing, len(op.Events))
	case missing > 0 && op.Outcome == eventcore.OutcomeApplied:
		f.add(LostAppend, []int{i}, "%s: none of its events is in the store at the end", op)
	}
	if op.Outcome == eventcore.OutcomeApplied {
		l.checkResult(f, i, op)
	}
}

// misplaced names what it means that an event is at another version than promised.
func (l *finalLog) misplaced(f *findings, i int, op *Operation, n int, p *eventcore.Participant, want eventcore.Version) {
	at := &l.sent[n]
	if at.version > p.Expected && at.version <= p.Expected+eventcore.Version(p.Events) {
		f.add(ReorderedAppend, []int{i}, "%s: event %s is version %d of %q instead of %d", op, at.id, at.version, p.Stream, want)
		return
	}
	proof := []int{i}
	if other := l.owner(at.stream, want); other >= 0 && other != i {
		proof = append(proof, other)
	}
	f.add(LostUpdate, proof, "%s: it expected %q at %d, but its event is version %d there", op, p.Stream, p.Expected, at.version)
}

// checkResult: an acknowledged append returned the versions and the position that
// its events have.
func (l *finalLog) checkResult(f *findings, i int, op *Operation) {
	if !rightVersions(op) {
		f.add(WrongResult, []int{i}, "%s: it returned %s", op, describeVersions(op.Appended.Streams))
		return
	}
	if want, known := l.lastPosition(i); known && want != op.Appended.Last {
		f.add(WrongResult, []int{i}, "%s: it returned position %s, its last event is at %s", op, op.Appended.Last, want)
	}
}

// rightVersions says whether an acknowledged append returned the new versions of the
// streams it wrote to.
func rightVersions(op *Operation) bool {
	n := 0
	for p := range op.Participants {
		part := &op.Participants[p]
		if part.Events == 0 {
			continue
		}
		want := eventcore.StreamVersion{Stream: part.Stream, Version: part.Expected + eventcore.Version(part.Events)}
		if n >= len(op.Appended.Streams) || op.Appended.Streams[n] != want {
			return false
		}
		n++
	}
	return n == len(op.Appended.Streams)
}

// lastPosition returns the position of the last event of append i, false if it is not
// in the final log.
func (l *finalLog) lastPosition(i int) (eventcore.Position, bool) {
	if l.first[i] == l.first[i+1] {
		return eventcore.Position{}, true
	}
	r := l.record(l.first[i+1] - 1)
	if r == nil {
		return eventcore.Position{}, false
	}
	return r.Position, true
}

// checkRefused: nothing of an append that was known not to be applied is there, and
// a conflict was one.
func (l *finalLog) checkRefused(f *findings, i int, op *Operation) {
	present, last := 0, -1
	for n := l.first[i]; n < l.first[i+1]; n++ {
		if l.sent[n].stream >= 0 {
			present, last = present+1, n
		}
	}
	if present > 0 {
		name := AbortedAppendSeen
		if present < len(op.Events) {
			name = TornAppend
		}
		at := &l.sent[last]
		f.add(name, []int{i}, "%s: %d of its %d events are in the store at the end, event %s as version %d of %q",
			op, present, len(op.Events), at.id, at.version, l.names[at.stream])
	}
	if c := op.Conflict; c != nil {
		p := conflicting(op)
		switch {
		case p < 0:
			f.add(FalseConflict, []int{i}, "%s: stream %q takes no part in the append", op, c.Stream)
		case c.Expected != op.Participants[p].Expected:
			f.add(WrongResult, []int{i}, "%s: the conflict says that %q was expected at %d", op, c.Stream, c.Expected)
		case !c.ActualUnknown && c.Actual == c.Expected:
			f.add(FalseConflict, []int{i}, "%s: the stream was expected at %d and is said to have been found there", op, c.Expected)
		}
	}
}

// conflicting returns the index of the participant that a conflict names, -1 if it
// takes no part.
func conflicting(op *Operation) int {
	return slices.IndexFunc(op.Participants, func(p eventcore.Participant) bool { return p.Stream == op.Conflict.Stream })
}
