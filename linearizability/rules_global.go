package linearizability

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// checkStreamsInGlobal: the global order has the events of all streams, each stream in its
// order, at growing positions.
func (l *finalLog) checkStreamsInGlobal(f *findings) {
	global, proof := l.history.Final.Global, l.finalGlobalRead()
	versions := make([]eventcore.Version, len(l.names))
	for rank := range global {
		e := &global[rank]
		if rank > 0 && e.Position.Compare(global[rank-1].Position) <= 0 {
			f.add(BrokenGlobalOrder, proof, "event %s at position %s follows one at %s", e.ID, e.Position, global[rank-1].Position)
		}
		s, known := l.numbers[e.Stream]
		if !known {
			f.add(BrokenGlobalOrder, proof, "event %s comes in the global order as one of %q, which no call used", e.ID, e.Stream)
			continue
		}
		versions[s]++
		if v := versions[s]; int(v) > len(l.streams[s]) || l.streams[s][v-1].ID != e.ID || e.Version != v || l.streams[s][v-1].Position != e.Position {
			f.add(BrokenGlobalOrder, proof, "event %s comes in the global order as version %d of %q at %s, after %d others; reading the stream shows otherwise",
				e.ID, e.Version, e.Stream, e.Position, v-1)
		}
	}
	for s, id := range l.names {
		if n := len(l.streams[s]); int(versions[s]) != n {
			f.add(BrokenGlobalOrder, proof, "stream %q has %d events, the global order %d of them", id, n, versions[s])
		}
	}
}

// finalGlobalRead returns the index of the final read of the global order.
func (l *finalLog) finalGlobalRead() []int {
	for i := len(l.ops) - 1; i >= 0 && l.ops[i].Client == FinalClient; i-- {
		if l.ops[i].Kind == ReadAll {
			return []int{i}
		}
	}
	return nil
}

// checkBatchesInGlobal: the events of an append follow one another in its order.
func (l *finalLog) checkBatchesInGlobal(f *findings) {
	for i := range l.ops {
		sent := l.sent[l.first[i]:l.first[i+1]]
		low, high, inOrder := len(l.ranks), -1, true
		for e := range sent {
			if sent[e].rank >= 0 {
				inOrder = inOrder && sent[e].rank > high
				low, high = min(low, sent[e].rank), max(high, sent[e].rank)
			}
		}
		switch {
		case high-low >= len(sent):
			f.add(TornAppend, []int{i}, "%s: other events lie between its own in the global order", &l.ops[i])
		case !inOrder:
			f.add(ReorderedAppend, []int{i}, "%s: its events are in another order in the global order", &l.ops[i])
		}
	}
}

// checkGlobalTime: an append that had returned before another was called comes before
// it in the global order.
func (l *finalLog) checkGlobalTime(f *findings) {
	first := -1 // of the appends behind, the one that returned first
	for _, n := range slices.Backward(l.ranks) {
		if n < 0 {
			continue
		}
		w := l.sent[n].op
		if first >= 0 && first != w && l.returns[first] < l.ops[w].Call {
			f.add(RealTimeInversion, []int{first, w}, "%s: it had returned before %s was called and lies behind it in the global order",
				&l.ops[first], &l.ops[w])
		}
		if first < 0 || l.returns[w] < l.returns[first] {
			first = w
		}
	}
}

// checkGap names what is wrong with a read of the global order that did not return the
// next matching events, each in its turn.
func (l *finalLog) checkGap(f *findings, i int) {
	op := &l.ops[i]
	rank, _ := l.follow(op)
	s := len(op.Seen) - 1
	for ; s >= 0; s-- {
		// The last event that came from beyond the gap proves that there is one.
		if n := l.find(-1, &op.Seen[s]); n >= 0 && l.sent[n].rank > rank && rank < len(l.ranks) {
			left := &l.history.Final.Global[rank]
			proof := []int{i}
			if l.ranks[rank] >= 0 {
				proof = []int{l.sent[l.ranks[rank]].op, i}
			}
			f.add(CursorSkip, proof, "%s: it returned position %s but not in its turn event %s at %s, which lies before it",
				op, op.Seen[s].Position, left.ID, left.Position)
			return
		}
	}
	f.add(BrokenGlobalOrder, []int{i}, "%s: it returned events that do not lie behind its cursor, or twice, or that its filter does not select", op)
}

// follow goes along the final global order with a read of it. It returns the rank of
// the next matching event, and whether the read had each one in turn.
func (l *finalLog) follow(op *Operation) (int, bool) {
	global := l.history.Final.Global
	rank := l.matching(&op.Filter, l.rankAfter(op.Position))
	for s := range op.Seen {
		seen := &op.Seen[s]
		if rank >= len(global) {
			return rank, false
		}
		e := &global[rank]
		if e.ID != seen.ID || e.Position != seen.Position || e.Version != seen.Version || e.Stream != seen.Stream {
			return rank, false
		}
		rank = l.matching(&op.Filter, rank+1)
	}
	return rank, true
}
