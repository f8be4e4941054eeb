package linearizability

// CircularReliance: appends were applied that each rely on what the other one wrote
// (Adya's G1c).
const CircularReliance = "circular reliance"

// role is what a call does to the stream of an edge.
type role uint8

const (
	// reads: it shows a version.
	reads role = iota
	// relies: it is an append that was applied because the stream was at a version.
	relies
	// writes: it moved the stream on.
	writes
)

func (g *graph) role(i int, v interval) role {
	switch {
	case v.grow > 0:
		return writes
	case g.log.applied[i]:
		return relies
	default:
		return reads
	}
}

// kind returns the short name of an edge (Adya: Weak consistency, 1999): ww, wr, rw; rr
// stands for an rw and a wr with an append between; rt is real time.
func (g *graph) kind(e *edge) string {
	if e.inTime {
		return "rt"
	}
	return map[bool]string{true: "w", false: "r"}[e.v.grow > 0] + map[bool]string{true: "w", false: "r"}[e.w.grow > 0]
}

// name names a circle of which no call can be left out.
func (g *graph) name(edges []edge) string {
	if last := len(edges) - 1; edges[last].inTime {
		return g.nameInTime(edges[:last])
	}
	if len(edges) == 2 && edges[0].v.of == edges[1].v.of {
		// In the middle of an append: behind a part of it, and before another.
		return TornAppend
	}
	missed, shown := 0, 0
	for i := range edges {
		switch g.kind(&edges[i]) {
		case "rw", "rr":
			missed++
		case "wr":
			shown++
		}
	}
	switch {
	case missed > 1:
		return WriteSkew
	case missed > 0:
		return UncheckedStream
	case shown > 0:
		return CircularReliance
	default:
		return TornAppend // of two appends each is partly before the other (Adya's G0)
	}
}

// nameInTime names a circle by the edges from the call that came too late to the one
// that had returned before.
func (g *graph) nameInTime(edges []edge) string {
	first, last := &edges[0], &edges[len(edges)-1]
	from, to := g.role(first.from, first.v), g.role(last.to, last.w)
	switch {
	case from == reads && to == reads && len(edges) == 1:
		return NonMonotonicRead
	case from == reads:
		return StaleRead
	}
	for i := range edges {
		if g.role(edges[i].from, edges[i].v) == relies {
			return UncheckedStream
		}
	}
	if to == reads {
		return FutureRead
	}
	return RealTimeInversion
}
