package linearizability

import (
	"cmp"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// search looks for circles: first without time, then with one pair of calls in time.
// More pairs never help: of two calls that each returned before another one was called,
// the first to return also returned before the call of the other's successor.
func (g *graph) search() {
	order := g.sorted()
	if len(order) < len(g.log.ops) {
		g.searchCircles(order)
	}
	g.searchTime(order)
	// The plainest first, and of those what was complete first.
	slices.SortStableFunc(g.found.all, func(a, b Anomaly) int {
		return cmp.Or(cmp.Compare(len(a.Operations), len(b.Operations)), cmp.Compare(slices.Max(a.Operations), slices.Max(b.Operations)))
	})
}

// sorted returns calls so that edges lead forward: all of them if there is no circle,
// else those that are behind none (Kahn: Topological sorting of large networks, CACM 5,
// 1962).
func (g *graph) sorted() []int32 {
	g.waiting = zeroed(g.waiting, len(g.log.ops))
	waiting := g.waiting
	for _, to := range g.next {
		waiting[to]++
	}
	g.inOrder = zeroed(g.inOrder, len(waiting))
	order := g.inOrder[:0]
	for i, n := range waiting {
		if n == 0 {
			order = append(order, int32(i))
		}
	}
	for at := 0; at < len(order); at++ {
		for _, to := range g.behind(order[at]) {
			if waiting[to]--; waiting[to] == 0 {
				order = append(order, to)
			}
		}
	}
	return order
}

// soonest says of a call which one returns first of those that must come behind it, or
// itself, and the way there.
type soonest struct {
	stamp int64
	next  int32 // the next call on the way, -1 at its end
	steps int32
}

// effect returns the stamp by which a call had its effect.
func (g *graph) effect(i int32) int64 {
	if op := &g.log.ops[i]; op.Kind != Append || op.Outcome != eventcore.OutcomeUnknown {
		return op.Return
	}
	return Never // the outcome is unknown: it may have come long after the return
}

// maxTimeProofs is the number of calls whose circle is looked at: nearly all of them
// would show the same.
const maxTimeProofs = 64

// searchTime looks for calls that must come before one which had returned when they were
// called.
func (g *graph) searchTime(order []int32) {
	g.soonest = zeroed(g.soonest, len(g.log.ops))
	m := g.soonest
	for i := range m {
		m[i] = soonest{Never, -1, 0}
	}
	var late []int32
	for _, i := range slices.Backward(order) {
		best := soonest{g.effect(i), -1, 0}
		for _, to := range g.behind(i) {
			if n := &m[to]; n.stamp < best.stamp || n.stamp == best.stamp && n.stamp != Never && n.steps+1 < best.steps {
				best = soonest{n.stamp, to, n.steps + 1}
			}
		}
		m[i] = best
		if best.stamp < g.log.ops[i].Call {
			late = append(late, i)
		}
	}
	slices.SortFunc(late, func(a, b int32) int {
		return cmp.Or(cmp.Compare(m[a].steps, m[b].steps), cmp.Compare(a, b))
	})
	for _, i := range late[:min(len(late), maxTimeProofs)] {
		circle := []int32{i}
		for at := m[i].next; at >= 0; at = m[at].next {
			circle = append(circle, at)
		}
		g.prove(circle)
	}
}
