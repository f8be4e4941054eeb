package linearizability

import (
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
	var missing, present int
	next := make([]eventcore.Version, len(op.Participants))
	for e := range op.Events {
		event := &op.Events[e]
		p := &op.Participants[event.Participant]
		next[event.Participant]++
		want := p.Expected + next[event.Participant]
		at, there := l.places[event.ID]
		switch {
		case !there:
			missing++
			continue
		case at.stream != p.Stream:
			f.add(WrongStream, []int{i}, "event %s was appended to %q and is in %q", event.ID, p.Stream, at.stream)
		case at.version != want:
			l.misplaced(f, i, op, event, at, want)
		}
		present++
	}
	switch {
	case missing > 0 && present > 0:
		f.add(TornAppend, []int{i}, "%s: %d of its %d events are in the store and %d are not", op, present, len(op.Events), missing)
	case missing > 0:
		f.add(LostAppend, []int{i}, "%s: none of its events is in the store at the end", op)
	}
	if op.Outcome == eventcore.OutcomeApplied {
		l.checkResult(f, i, op)
	}
}

// misplaced names what it means that an event is at another version than promised.
func (l *finalLog) misplaced(f *findings, i int, op *Operation, event *Event, at place, want eventcore.Version) {
	p := &op.Participants[event.Participant]
	if at.version > p.Expected && at.version <= p.Expected+eventcore.Version(p.Events) {
		f.add(ReorderedAppend, []int{i}, "%s: event %s is version %d of %q instead of %d", op, event.ID, at.version, at.stream, want)
		return
	}
	proof := []int{i}
	if other := l.owner(p.Stream, want); other >= 0 {
		proof = append(proof, other)
	}
	f.add(LostUpdate, proof, "%s: it expected %q at %d, but its event is version %d there: the stream had moved", op, p.Stream, p.Expected, at.version)
}

// checkResult: an acknowledged append returned the versions and the position that
// its events have.
func (l *finalLog) checkResult(f *findings, i int, op *Operation) {
	n := 0
	for p := range op.Participants {
		part := &op.Participants[p]
		if part.Events == 0 {
			continue
		}
		want := eventcore.StreamVersion{Stream: part.Stream, Version: part.Expected + eventcore.Version(part.Events)}
		if n >= len(op.Appended.Streams) || op.Appended.Streams[n] != want {
			f.add(WrongResult, []int{i}, "%s: it returned %v where %q is now at version %d", op, op.Appended.Streams, want.Stream, want.Version)
			return
		}
		n++
	}
	if n != len(op.Appended.Streams) {
		f.add(WrongResult, []int{i}, "%s: it returned %d streams and wrote to %d", op, len(op.Appended.Streams), n)
		return
	}
	if len(op.Events) == 0 || l.history.Final.Global == nil {
		return
	}
	if rank, there := l.ranks[op.Events[len(op.Events)-1].ID]; there {
		if at := l.history.Final.Global[rank].Position; at != op.Appended.Last {
			f.add(WrongResult, []int{i}, "%s: it returned position %s, its last event is at %s", op, op.Appended.Last, at)
		}
	}
}

// checkRefused: nothing of an append that was known not to be applied is there, and
// a conflict was one.
func (l *finalLog) checkRefused(f *findings, i int, op *Operation) {
	for e := range op.Events {
		w := l.writers[op.Events[e].ID]
		if at, there := l.places[op.Events[e].ID]; there && w.op == i {
			f.add(AbortedAppendSeen, []int{i}, "%s: its event %s is version %d of %q at the end", op, op.Events[e].ID, at.version, at.stream)
			break
		}
	}
	if op.Conflict == nil || op.Conflict.ActualUnknown {
		return
	}
	for p := range op.Participants {
		part := &op.Participants[p]
		if part.Stream != op.Conflict.Stream {
			continue
		}
		if part.Expected == op.Conflict.Actual {
			f.add(FalseConflict, []int{i}, "%s: the stream was expected at %d and is said to have been found there", op, part.Expected)
		}
		return
	}
	f.add(FalseConflict, []int{i}, "%s: stream %q takes no part in the append", op, op.Conflict.Stream)
}
