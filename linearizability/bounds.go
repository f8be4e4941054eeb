package linearizability

// bounds says of something that only grows, a stream or the global order, since when
// it was known to have reached a length, and who knew.
type bounds struct {
	// reached[n] is the first return of a call that had seen it longer than n, and
	// began[n] the last call among the appends that made it up to length n+1.
	reached []moment
	began   []moment
}

type moment struct {
	stamp int64
	op    int
}

func newBounds(length int) *bounds {
	b := &bounds{reached: make([]moment, length+1), began: make([]moment, length+1)}
	for n := range b.reached {
		b.reached[n] = moment{Never, -1}
		b.began[n] = moment{-1, -1}
	}
	return b
}

// sawLength notes that the length was at least n when a call returned.
func (b *bounds) sawLength(n uint64, at int64, op int) {
	if n = min(n, uint64(len(b.reached)-1)); n > 0 && at < b.reached[n-1].stamp {
		b.reached[n-1] = moment{at, op}
	}
}

// close carries what is known of one length over to the others.
func (b *bounds) close() {
	for n := len(b.reached) - 2; n >= 0; n-- {
		if b.reached[n+1].stamp < b.reached[n].stamp {
			b.reached[n] = b.reached[n+1]
		}
	}
	for n := 1; n < len(b.began); n++ {
		if b.began[n-1].stamp > b.began[n].stamp {
			b.began[n] = b.began[n-1]
		}
	}
}

// after returns since when the length was known to be greater than n.
func (b *bounds) after(n int) moment {
	if n >= len(b.reached) {
		return moment{Never, -1}
	}
	return b.reached[n]
}

// until returns the last call among the appends that made up the first n.
func (b *bounds) until(n uint64) moment {
	if n = min(n, uint64(len(b.began)-1)); n == 0 {
		return moment{-1, -1}
	}
	return b.began[n-1]
}

// globalBounds returns the bounds of the global order.
func (l *finalLog) globalBounds() *bounds {
	b := newBounds(len(l.ranks))
	for rank, n := range l.ranks {
		if n >= 0 {
			w := l.sent[n].op
			b.sawLength(uint64(rank)+1, l.returns[w], w)
			b.began[rank] = moment{l.ops[w].Call, w}
		}
	}
	for i := range l.ops {
		op := &l.ops[i]
		if last := len(op.Seen) - 1; op.Kind == ReadAll && last >= 0 {
			if n := l.find(-1, &op.Seen[last]); n >= 0 {
				b.sawLength(uint64(l.sent[n].rank+1), op.Return, i)
			}
		}
	}
	b.close()
	return b
}

// streamBounds returns the bounds of every stream, by number.
func (l *finalLog) streamBounds() []*bounds {
	all := make([]*bounds, len(l.streams))
	for s := range l.streams {
		all[s] = newBounds(len(l.streams[s]))
		for v, n := range l.slots[s] {
			if n >= 0 {
				all[s].began[v] = moment{l.ops[l.sent[n].op].Call, l.sent[n].op}
			}
		}
	}
	for i := range l.ops {
		l.note(all, i)
	}
	for _, b := range all {
		b.close()
	}
	return all
}

// note notes how long the streams were when a call returned.
func (l *finalLog) note(all []*bounds, i int) {
	op := &l.ops[i]
	switch {
	case op.Kind == ReadStream && len(op.Seen) > 0:
		all[l.parts[i][0]].sawLength(uint64(op.After)+uint64(len(op.Seen)), op.Return, i)
	case op.Kind == ReadAll:
		for s := range op.Seen {
			if n, known := l.numbers[op.Seen[s].Stream]; known {
				all[n].sawLength(uint64(op.Seen[s].Version), op.Return, i)
			}
		}
	case l.applied[i]:
		for p, n := range l.parts[i] {
			part := &op.Participants[p]
			all[n].sawLength(uint64(part.Expected)+uint64(part.Events), l.returns[i], i)
		}
	case op.Conflict != nil && !op.Conflict.ActualUnknown:
		if p := conflicting(op); p >= 0 {
			all[l.parts[i][p]].sawLength(uint64(op.Conflict.Actual), op.Return, i)
		}
	}
}
