package linearizability

import (
	"fmt"
	"slices"
	"strings"
)

// edge says why the call from must come before the call to: because of what both tell
// of one stream, or because it had returned before to was called.
type edge struct {
	from, to int
	v, w     interval // what they tell; both zero for time
	inTime   bool
}

// maxMinimal is the length of a circle up to which every pair of its calls is looked at.
const maxMinimal = 256

// maxLines is the number of edges that a message tells of.
const maxLines = 4

// prove reduces a circle to one of which no call can be left out, names it, and adds it
// to what was found. Its calls must each come before the next; the last one before the
// first, or it returned before the first was called.
func (g *graph) prove(circle []int32) {
	edges := g.plainest(g.minimal(g.shortcut(circle)))
	name := g.name(edges)
	ops := make([]int, 0, len(edges))
	for i := range edges {
		ops = append(ops, edges[i].from)
	}
	if !g.found.room(name) || g.proved(ops) {
		return
	}
	lines := make([]string, 0, len(edges))
	for i := range edges {
		lines = append(lines, g.describe(&edges[i]))
	}
	message := strings.Join(lines[:min(len(lines), maxLines)], "; ")
	if more := len(lines) - maxLines; more > 0 {
		message += fmt.Sprintf("; and %d more", more)
	}
	g.found.add(name, ops, "%s", message)
	g.found.all[len(g.found.all)-1].Edges = lines
}

// plainest puts time in place of a reason where it shows the same: that a call relied on
// what had moved before it began is plainer than that two rely on what the other moved.
func (g *graph) plainest(edges []edge) []edge {
	if g.name(edges) != WriteSkew {
		return edges
	}
	for n := range edges {
		if from, to := edges[n].from, edges[n].to; g.effect(int32(from)) < g.log.ops[to].Call {
			return slices.Concat(edges[n+1:], edges[:n], []edge{{from: from, to: to, inTime: true}})
		}
	}
	return edges
}

// proved says whether a circle through these calls was found already.
func (g *graph) proved(ops []int) bool {
	ops = slices.Sorted(slices.Values(ops))
	return slices.ContainsFunc(g.found.all, func(a Anomaly) bool {
		return slices.Equal(slices.Sorted(slices.Values(a.Operations)), ops)
	})
}

// between returns why call i must come before call j; false if nothing says so.
func (g *graph) between(i, j int) (edge, bool) {
	for _, v := range g.of(i) {
		for _, w := range g.of(j) {
			if v.before(w) {
				return edge{from: i, to: j, v: v, w: w}, true
			}
		}
	}
	return edge{from: i, to: j, inTime: true}, g.effect(int32(i)) < g.log.ops[j].Call
}

// shortcut leaves out calls between two of which the first must come before the second
// anyway: a circle often goes along a stream for a while.
func (g *graph) shortcut(circle []int32) []int {
	short := []int{int(circle[0])}
	for at := 1; at < len(circle); at++ {
		last := int(circle[at])
		if n := len(short); at > 1 && n > 1 {
			if _, direct := g.between(short[n-2], last); direct {
				short[n-1] = last
				continue
			}
		}
		short = append(short, last)
	}
	return short
}

// minimal returns the edges of a shortest circle among calls that have one. Edges are
// looked for between all of them, so that no call can be left out.
func (g *graph) minimal(calls []int) []edge {
	if len(calls) > maxMinimal {
		return g.around(calls)
	}
	next := make([][]int, len(calls))
	for a := range calls {
		for b := range calls {
			if a != b {
				if _, direct := g.between(calls[a], calls[b]); direct {
					next[a] = append(next[a], b)
				}
			}
		}
	}
	var shortest []int
	for start := range calls {
		if found := shortestThrough(next, start); found != nil && (shortest == nil || len(found) < len(shortest)) {
			shortest = found
		}
	}
	for n := range shortest {
		shortest[n] = calls[shortest[n]]
	}
	return g.around(shortest)
}

// shortestThrough returns a shortest circle through a node, nil if there is none.
func shortestThrough(next [][]int, start int) []int {
	parent := make([]int, len(next))
	for i := range parent {
		parent[i] = -1
	}
	queue := []int{start}
	for at := 0; at < len(queue); at++ {
		for _, to := range next[queue[at]] {
			if to == start {
				var back []int
				for n := queue[at]; n != start; n = parent[n] {
					back = append(back, n)
				}
				back = append(back, start)
				slices.Reverse(back)
				return back
			}
			if parent[to] < 0 {
				parent[to] = queue[at]
				queue = append(queue, to)
			}
		}
	}
	return nil
}

// around returns the edges of a circle, that in time, if there is one, last.
func (g *graph) around(circle []int) []edge {
	edges := make([]edge, len(circle))
	turn := 0
	for n, i := range circle {
		edges[n], _ = g.between(i, circle[(n+1)%len(circle)])
		if edges[n].inTime {
			turn = n + 1
		}
	}
	return slices.Concat(edges[turn:], edges[:turn])
}
