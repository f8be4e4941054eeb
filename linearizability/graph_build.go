package linearizability

// build makes the graph. Each interval gives at most two edges: from the append that
// made the low end, and to the one that moved on from the high end. Along a stream each
// append relies on the one before, so that these stand for all others.
func (g *graph) build() {
	g.setIntervals()
	owners := g.owners()
	g.from = zeroed(g.from, len(g.log.ops)+2)
	// Counted by two further on, so that filling moves each start to its place.
	g.eachEdge(owners, func(from, _ int32) { g.from[from+2]++ })
	for i := 2; i < len(g.from); i++ {
		g.from[i] += g.from[i-1]
	}
	g.next = zeroed(g.next, int(g.from[len(g.from)-1]))
	g.eachEdge(owners, func(from, to int32) {
		g.next[g.from[from+1]] = to
		g.from[from+1]++
	})
}

// behind returns the calls to which edges lead from call i.
func (g *graph) behind(i int32) []int32 { return g.next[g.from[i]:g.from[i+1]] }

// owners returns for each stream, and last for the global order, the append of each
// version.
func (g *graph) owners() [][]int32 {
	l := g.log
	total := len(l.ranks)
	for s := range l.slots {
		total += len(l.slots[s])
	}
	g.allOwners, g.owned = zeroed(g.allOwners, total), zeroed(g.owned, len(l.slots)+1)
	all, owners := g.allOwners[:0], g.owned[:0]
	add := func(numbers []int) {
		from := len(all)
		for _, n := range numbers {
			all = append(all, int32(l.sent[n].op))
		}
		owners = append(owners, all[from:])
	}
	for s := range l.slots {
		add(l.slots[s])
	}
	if g.global >= 0 {
		add(l.ranks)
	}
	return owners
}

func (g *graph) eachEdge(owners [][]int32, edge func(from, to int32)) {
	for i := range g.log.ops {
		for _, v := range g.of(i) {
			owner := owners[v.of]
			if v.low > 0 {
				edge(owner[v.low-1], int32(i))
			}
			// Behind its own events an append has the edge of the next one.
			if v.grow == 0 && int(v.high) < len(owner) {
				edge(int32(i), owner[v.high])
			}
		}
	}
}
