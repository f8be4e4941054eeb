package linearizability

import "slices"

// maxStarts is the number of calls of a component from which the shortest circle is
// looked for, so that a component of very many calls does not take time quadratic in them.
const maxStarts = 64

// searchCircles proves one circle of each strongly connected component.
func (g *graph) searchCircles(order []int32) {
	in := make([]int32, len(g.log.ops)) // the number of the component, 0: of none
	b := &breadth{g: g, in: in, parent: make([]int32, len(in)), seen: make([]int32, len(in))}
	for n, c := range g.components(order) {
		for _, i := range c {
			in[i] = int32(n + 1)
		}
		var shortest []int32
		step := max(1, len(c)/maxStarts)
		for at := 0; at < len(c) && len(shortest) != 2; at += step {
			if circle := b.circleThrough(c[at]); shortest == nil || len(circle) < len(shortest) {
				shortest = circle
			}
		}
		g.prove(shortest)
	}
}

// breadth searches breadth first, again and again.
type breadth struct {
	g *graph
	// in has the component of each call.
	in []int32
	// parent is right for the calls whose seen is the number of the search.
	parent, seen []int32
	searches     int32
	queue        []int32
}

// circleThrough returns a shortest circle through a call, within its component.
func (b *breadth) circleThrough(start int32) []int32 {
	b.searches++
	b.queue = append(b.queue[:0], start)
	for at := 0; ; at++ { // in a component every call leads back
		i := b.queue[at]
		for _, to := range b.g.behind(i) {
			if to == start {
				return b.way(start, i)
			}
			if b.seen[to] != b.searches && b.in[to] == b.in[start] {
				b.seen[to], b.parent[to] = b.searches, i
				b.queue = append(b.queue, to)
			}
		}
	}
}

// way returns the calls from start to end.
func (b *breadth) way(start, end int32) []int32 {
	back := []int32{end}
	for end != start {
		end = b.parent[end]
		back = append(back, end)
	}
	slices.Reverse(back)
	return back
}

// components returns the strongly connected components of two calls and more among those
// that are not in order (Tarjan: Depth-first search and linear graph algorithms, SIAM
// J. Comput. 1, 1972, without recursion: circles can be long).
func (g *graph) components(order []int32) [][]int32 {
	t := &tarjan{g: g, number: make([]int32, len(g.log.ops)), low: make([]int32, len(g.log.ops)), at: make([]int32, len(g.log.ops))}
	for _, i := range order {
		t.number[i] = done
	}
	for i := range g.log.ops {
		if t.number[i] == 0 {
			t.visit(int32(i))
		}
	}
	return t.found
}

// done marks calls that belong to no open component.
const done = -1

type tarjan struct {
	g *graph
	// number says when a call was reached, low which call is reached from it, both
	// from 1; at is the number of its edges that were followed.
	number, low, at []int32
	count           int32
	path, open      []int32
	found           [][]int32
}

func (t *tarjan) enter(i int32) {
	t.count++
	t.number[i], t.low[i] = t.count, t.count
	t.path, t.open = append(t.path, i), append(t.open, i)
}

func (t *tarjan) visit(root int32) {
	t.enter(root)
	for len(t.path) > 0 {
		i := t.path[len(t.path)-1]
		if edges := t.g.behind(i); int(t.at[i]) < len(edges) {
			to := edges[t.at[i]]
			t.at[i]++
			switch n := t.number[to]; {
			case n == 0:
				t.enter(to)
			case n > 0:
				t.low[i] = min(t.low[i], n)
			}
			continue
		}
		t.leave(i)
	}
}

func (t *tarjan) leave(i int32) {
	t.path = t.path[:len(t.path)-1]
	if n := len(t.path); n > 0 {
		t.low[t.path[n-1]] = min(t.low[t.path[n-1]], t.low[i])
	}
	if t.low[i] < t.number[i] {
		return
	}
	from := len(t.open) - 1
	for t.open[from] != i {
		from--
	}
	for _, member := range t.open[from:] {
		t.number[member] = done
	}
	if members := t.open[from:]; len(members) > 1 {
		t.found = append(t.found, append([]int32(nil), members...))
	}
	t.open = t.open[:from]
}
