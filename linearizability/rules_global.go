package linearizability

import "github.com/eventcore-go/eventcore-sim/eventcore"

// checkGlobal: the global order has the events of all streams, each stream in its
// order, the events of an append together, at growing positions; and what cursors
// returned are its pieces.
func (l *finalLog) checkGlobal(f *findings) {
	global := l.history.Final.Global
	if global == nil {
		return
	}
	before := f.total()
	l.checkGlobalLog(f, global)
	if f.total() > before {
		// Ranks mean nothing in a broken order.
		return
	}
	for i := range l.ops {
		if op := &l.ops[i]; op.Kind == ReadAll {
			l.checkCursor(f, i, op)
		}
	}
}

func (l *finalLog) checkGlobalLog(f *findings, global []eventcore.Recorded) {
	versions := make(map[eventcore.StreamID]eventcore.Version, len(l.history.Final.Streams))
	last := -1 // the append of the event before
	seen := make(map[int]bool)
	for rank := range global {
		e := &global[rank]
		if rank > 0 && e.Position.Compare(global[rank-1].Position) <= 0 {
			f.add(BrokenGlobalOrder, nil, "event %s at position %s follows one at %s", e.ID, e.Position, global[rank-1].Position)
		}
		versions[e.Stream]++
		if at := l.places[e.ID]; e.Version != versions[e.Stream] || at.stream != e.Stream || at.version != e.Version {
			f.add(BrokenGlobalOrder, nil, "event %s comes as version %d of %q, of which %d events came so far", e.ID, e.Version, e.Stream, versions[e.Stream])
		}
		w, sent := l.writers[e.ID]
		if !sent {
			continue
		}
		if w.op != last && seen[w.op] {
			f.add(TornAppend, []int{w.op}, "%s: event %s does not follow the others of its append in the global order", &l.ops[w.op], e.ID)
		}
		last, seen[w.op] = w.op, true
	}
	for _, id := range l.history.Final.names() {
		if n := len(l.stream(id)); int(versions[id]) != n {
			f.add(BrokenGlobalOrder, nil, "stream %q has %d events, the global order %d of them", id, n, versions[id])
		}
	}
	l.checkGlobalTime(f, global)
}

// checkGlobalTime: an append that had returned before another was called comes before
// it in the global order.
func (l *finalLog) checkGlobalTime(f *findings, global []eventcore.Recorded) {
	first := -1 // of the appends behind, the one that returned first
	for rank := len(global) - 1; rank >= 0; rank-- {
		w, sent := l.writers[global[rank].ID]
		if !sent {
			continue
		}
		if first >= 0 && first != w.op && l.returns[first] < l.ops[w.op].Call {
			f.add(RealTimeInversion, []int{first, w.op}, "%s: it had returned before %s was called and lies behind it in the global order",
				&l.ops[first], &l.ops[w.op])
		}
		if first < 0 || l.returns[w.op] < l.returns[first] {
			first = w.op
		}
	}
}

// checkCursor: a read of the global order returns the next matching events without a
// gap, and stops early only for a reason.
func (l *finalLog) checkCursor(f *findings, i int, op *Operation) {
	global := l.history.Final.Global
	rank := l.rankAfter(op.Position)
	for s := range op.Seen {
		seen := &op.Seen[s]
		for rank < len(global) && !op.Filter.Match(global[rank].Stream, global[rank].Type) {
			rank++
		}
		if rank < len(global) && global[rank].ID == seen.ID && global[rank].Position == seen.Position {
			rank++
			continue
		}
		at, there := l.ranks[seen.ID]
		if there && at > rank {
			w := l.writers[global[rank].ID]
			f.add(CursorSkip, []int{w.op, i}, "%s: it returned position %s but not event %s at %s, which lies before it",
				op, seen.Position, global[rank].ID, global[rank].Position)
		} else if there {
			f.add(BrokenGlobalOrder, []int{i}, "%s: event %s came at position %s out of its place", op, seen.ID, seen.Position)
		}
		return
	}
	for rank < len(global) && !op.Filter.Match(global[rank].Stream, global[rank].Type) {
		rank++
	}
	if op.End == Complete && rank < len(global) {
		w, sent := l.writers[global[rank].ID]
		if sent && l.returns[w.op] < op.Call {
			f.add(StaleRead, []int{w.op, i}, "%s: it did not see event %s, which %s had written before", op, global[rank].ID, &l.ops[w.op])
		}
	}
	if op.Limit > 0 && len(op.Seen) > op.Limit {
		f.add(BrokenGlobalOrder, []int{i}, "%s: it returned %d events", op, len(op.Seen))
	}
}
