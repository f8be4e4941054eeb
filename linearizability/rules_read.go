package linearizability

import "github.com/eventcore-go/eventcore-sim/eventcore"

// checkReads compares everything that was ever read with the final log.
func (l *finalLog) checkReads(f *findings) {
	for i := range l.ops {
		op := &l.ops[i]
		if op.Kind == Append {
			continue
		}
		before, stream := f.total(), l.streamOf(i)
		for s := range op.Seen {
			l.checkSeen(f, i, stream, s)
		}
		if op.Client == FinalClient && op.Kind == ReadAll && !l.readsGlobal() {
			f.beyond += f.total() - before
		}
		if op.Kind == ReadStream {
			checkPrefix(f, i, op)
		}
	}
	for _, d := range l.extra {
		at := &l.sent[d.event]
		f.add(DuplicateEvent, []int{at.op}, "event %s is version %d of %q and version %d of %q",
			at.id, at.version, l.names[at.stream], d.version, l.names[d.stream])
	}
}

// checkPrefix: a read of a stream yields its events one by one from the version asked
// for.
func checkPrefix(f *findings, i int, op *Operation) {
	for s := range op.Seen {
		seen := &op.Seen[s]
		if want := op.After + eventcore.Version(s) + 1; seen.Version != want || seen.Stream != op.Stream {
			f.add(NonPrefixRead, []int{i}, "%s: version %d of %q came where version %d of %q comes next", op, seen.Version, seen.Stream, want, op.Stream)
			return
		}
	}
}

// checkSeen: an event that was read was written by somebody and is still what it was.
func (l *finalLog) checkSeen(f *findings, i, stream, s int) {
	op := &l.ops[i]
	seen := &op.Seen[s]
	n := l.find(stream, seen)
	if n < 0 {
		f.add(PhantomEvent, []int{i}, "%s: nobody appended event %s, version %d of %q", op, seen.ID, seen.Version, seen.Stream)
		return
	}
	w := l.sent[n].op
	writer := &l.ops[w]
	if writer.Outcome == eventcore.OutcomeNotApplied {
		f.add(AbortedAppendSeen, []int{w, i}, "%s: it saw event %s of %s", op, seen.ID, writer)
		return
	}
	at := l.record(n)
	if at == nil {
		f.add(LostAppend, []int{w, i}, "%s: it saw version %d of %q, event %s, which is gone at the end", op, seen.Version, seen.Stream, seen.ID)
		return
	}
	switch {
	case at.Stream == seen.Stream && at.Version == seen.Version && at.Position == seen.Position:
	case f.room(DuplicateEvent) && seenBefore(op, s):
		f.add(DuplicateEvent, []int{w, i}, "%s: event %s came twice", op, seen.ID)
	case at.Stream != seen.Stream || at.Version != seen.Version:
		f.add(IncompatibleOrder, []int{w, i}, "%s: event %s came as version %d of %q and is version %d of %q at the end",
			op, seen.ID, seen.Version, seen.Stream, at.Version, at.Stream)
	default:
		f.add(WrongPosition, []int{w, i}, "%s: event %s came at position %s and is at %s at the end", op, seen.ID, seen.Position, at.Position)
	}
}

// seenBefore says whether a read had yielded the event number s already.
func seenBefore(op *Operation, s int) bool {
	for before := range s {
		if op.Seen[before].ID == op.Seen[s].ID {
			return true
		}
	}
	return false
}
