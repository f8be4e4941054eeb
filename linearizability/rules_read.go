package linearizability

import "github.com/eventcore-go/eventcore-sim/eventcore"

// checkReads compares everything that was ever read with the final log.
func (l *finalLog) checkReads(f *findings) {
	for i := range l.ops {
		op := &l.ops[i]
		if op.Kind == Append {
			continue
		}
		for s := range op.Seen {
			l.checkSeen(f, i, op, &op.Seen[s])
		}
		if op.Kind == ReadStream {
			checkPrefix(f, i, op)
		}
	}
}

// checkPrefix: a read of a stream yields its events one by one from the version asked
// for.
func checkPrefix(f *findings, i int, op *Operation) {
	for s := range op.Seen {
		seen := &op.Seen[s]
		if want := op.After + eventcore.Version(s) + 1; seen.Version != want || seen.Stream != op.Stream {
			f.add(NonPrefixRead, []int{i}, "%s: version %d of %q came where version %d comes next", op, seen.Version, seen.Stream, want)
			return
		}
	}
}

// checkSeen: an event that was read was written by somebody before the read ended, and
// is still what it was.
func (l *finalLog) checkSeen(f *findings, i int, op *Operation, seen *Seen) {
	w, sent := l.writers[seen.ID]
	if !sent {
		f.add(PhantomEvent, []int{i}, "%s: nobody appended event %s, version %d of %q", op, seen.ID, seen.Version, seen.Stream)
		return
	}
	writer := &l.ops[w.op]
	switch {
	case writer.Outcome == eventcore.OutcomeNotApplied:
		f.add(AbortedAppendSeen, []int{w.op, i}, "%s: it saw event %s of an append that was refused", op, seen.ID)
		return
	case op.Return < writer.Call:
		f.add(FutureRead, []int{w.op, i}, "%s: it saw event %s before that was appended", op, seen.ID)
	}
	at, there := l.places[seen.ID]
	if !there {
		f.add(LostAppend, []int{w.op, i}, "%s: it saw version %d of %q, event %s, which is gone at the end", op, seen.Version, seen.Stream, seen.ID)
		return
	}
	if at.stream != seen.Stream || at.version != seen.Version {
		f.add(IncompatibleOrder, []int{w.op, i}, "%s: event %s came as version %d of %q and is version %d of %q at the end",
			op, seen.ID, seen.Version, seen.Stream, at.version, at.stream)
	}
}

// checkDuplicates: no event is in the store twice.
func (l *finalLog) checkDuplicates(f *findings) {
	for i := range l.ops {
		op := &l.ops[i]
		if op.Client != FinalClient || op.Kind != ReadStream {
			continue
		}
		for s := range op.Seen {
			seen := &op.Seen[s]
			at := l.places[seen.ID]
			if at.stream == seen.Stream && at.version == seen.Version {
				continue
			}
			proof := []int{i}
			if w, sent := l.writers[seen.ID]; sent {
				proof = []int{w.op, i}
			}
			f.add(DuplicateEvent, proof, "event %s is version %d of %q and version %d of %q",
				seen.ID, at.version, at.stream, seen.Version, seen.Stream)
		}
	}
}
