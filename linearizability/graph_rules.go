package linearizability

import "github.com/eventcore-go/eventcore-sim/eventcore"

// checkStructure holds the contents of the store against what was appended and read. If
// it finds nothing, and only then, it returns true: then every version of a stream
// belongs to one applied append, at the place that its batch gave it, and every event
// that was read is the one of its version.
func (g *graph) checkStructure() bool {
	l, f := g.log, &g.found
	l.checkAppends(f)
	l.checkReads(f)
	g.checkVersions()
	if l.history.Final.Global == nil {
		return f.total() == 0
	}
	before := f.total()
	l.checkStreamsInGlobal(f)
	l.checkBatchesInGlobal(f)
	if !l.readsGlobal() {
		l.checkGlobalTime(f)
		f.beyond += f.total() - before
		return f.total() == 0
	}
	if f.total() > 0 {
		// Ranks mean nothing in a broken order.
		return false
	}
	g.global = len(l.names)
	g.checkCursors()
	return f.total() == 0
}

// checkVersions: calls rely on, and conflicts found, only versions that there were.
func (g *graph) checkVersions() {
	l := g.log
	for i := range l.ops {
		op := &l.ops[i]
		switch {
		case op.Kind != Append:
		case l.applied[i]:
			for p, s := range l.parts[i] {
				part := &op.Participants[p]
				if part.Events == 0 && part.Expected > eventcore.Version(len(l.streams[s])) {
					g.found.add(UncheckedStream, []int{i}, "%s: it expected %q at %d, which never had so many events", op, part.Stream, part.Expected)
				}
			}
		default:
			if s := l.foundAt(i); s >= 0 && op.Conflict.Actual > eventcore.Version(len(l.streams[s])) {
				g.found.add(FalseConflict, []int{i}, "%s: %q never had so many events", op, l.names[s])
			}
		}
	}
}

// foundAt returns the stream whose version the conflict of a refused append tells, -1
// if it tells none.
func (l *finalLog) foundAt(i int) int {
	op := &l.ops[i]
	if op.Outcome != eventcore.OutcomeNotApplied || op.Conflict == nil || op.Conflict.ActualUnknown {
		return -1
	}
	if p := conflicting(op); p >= 0 {
		return l.parts[i][p]
	}
	return -1
}

// checkCursors: reads of the global order return its matching events without a gap.
// What they tell of its length is kept.
func (g *graph) checkCursors() {
	l := g.log
	g.filters = newFilterIndex(l)
	for i := range l.ops {
		op := &l.ops[i]
		if op.Kind != ReadAll {
			continue
		}
		low, next, fits := g.filters.follow(op)
		switch {
		case !fits:
			l.checkGap(&g.found, i)
			continue
		case op.Limit > 0 && len(op.Seen) > op.Limit:
			g.found.add(BrokenLimit, []int{i}, "%s: it returned %d events", op, len(op.Seen))
		}
		length := interval{of: int32(g.global), low: int32(low), high: unbounded}
		if op.End == Complete && next < len(l.ranks) {
			length.high = int32(next)
		}
		g.lengths = append(g.lengths, length)
	}
}
