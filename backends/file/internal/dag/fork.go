package dag

import "github.com/eventcore-go/eventcore-sim/eventcore"

// Forks returns the contradictions that nobody has settled: two transactions contradict
// one another if they write to a common stream and neither is before the other; it is
// settled by a transaction that names both in [Node.Resolves]. Those that hang together,
// over whatever streams, are one fork, to be settled as one. The transactions of a fork,
// and the forks by their first ones, are in the order of the graph.
func (g *Graph) Forks() [][]eventcore.EventID {
	settled := make(map[Pair]bool)
	for _, p := range g.order {
		for _, a := range p.Resolves {
			for _, b := range p.Resolves {
				settled[Pair{a, b}] = true
			}
		}
	}
	streams := func(p *placed) []eventcore.StreamID { return p.Streams }
	group := make(map[eventcore.EventID]eventcore.EventID)
	find := func(id eventcore.EventID) eventcore.EventID {
		for group[id] != id {
			id = group[id]
		}
		return id
	}
	for _, pair := range concurrentBy(g, streams, func(p Pair) bool { return !settled[p] }) {
		for _, id := range []eventcore.EventID{pair.First, pair.Second} {
			if _, known := group[id]; !known {
				group[id] = id
			}
		}
		group[find(pair.Second)] = find(pair.First)
	}
	var forks [][]eventcore.EventID
	at := make(map[eventcore.EventID]int)
	for _, p := range g.order {
		if _, forked := group[p.ID]; !forked {
			continue
		}
		root := find(p.ID)
		if _, known := at[root]; !known {
			at[root] = len(forks)
			forks = append(forks, nil)
		}
		forks[at[root]] = append(forks[at[root]], p.ID)
	}
	return forks
}

// concurrentBy returns the pairs that have a key in common, neither before the other, each
// pair once.
func concurrentBy[K comparable](g *Graph, keys func(*placed) []K, want func(Pair) bool) (pairs []Pair) {
	earlier := make(map[K][]*placed)
	seen := make(map[Pair]bool)
	for _, p := range g.order {
		for _, key := range keys(p) {
			for _, q := range earlier[key] {
				pair := Pair{q.ID, p.ID}
				if !q.before(p) && !seen[pair] && want(pair) {
					seen[pair] = true
					pairs = append(pairs, pair)
				}
			}
			earlier[key] = append(earlier[key], p)
		}
	}
	return pairs
}
