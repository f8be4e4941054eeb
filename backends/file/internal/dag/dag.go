// Package dag puts the transactions of a history that several writers have extended apart
// into an order that depends on nothing but which transactions there are, and finds the
// places where they contradict one another. It does no I/O.
package dag

import (
	"cmp"
	"slices"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Node is a transaction.
type Node struct {
	ID        eventcore.EventID
	Parents   []eventcore.EventID
	Replica   eventcore.EventID
	CreatedAt time.Time
	// Streams are those that it writes to, each once; Events how many events to each, for
	// [Graph.Bases].
	Streams []eventcore.StreamID
	Events  []int
	// Resolves are transactions before it whose contradictions it settles.
	Resolves []eventcore.EventID
}

// Graph is a set of transactions in their order. It is never changed, so it is safe for
// concurrent use.
type Graph struct {
	order   []*placed
	at      map[eventcore.EventID]*placed
	missing []eventcore.EventID
}

// placed is a transaction with its place among the others.
type placed struct {
	*Node
	depth int
	// chain and place name it; behind has, for each chain, how many of its transactions
	// are this one or before it. In a chain each is before the next one.
	chain, place int
	behind       []int
}

// before says whether a comes before b by their parents, or is b.
func (a *placed) before(b *placed) bool {
	return a.chain < len(b.behind) && b.behind[a.chain] >= a.place
}

// New orders transactions: by depth, which is one more than that of the deepest parent,
// then by time, replica and ID. Those with an ancestor that is not there are left out, and
// so are those that follow one another in a circle: [Graph.Missing] has them. IDs must not
// repeat. The nodes are kept, not copied.
func New(nodes []Node) *Graph {
	all := make(map[eventcore.EventID]*placed, len(nodes))
	next := make(map[eventcore.EventID][]*placed)
	waits := make(map[eventcore.EventID]int, len(nodes))
	var ready []*placed
	for i := range nodes {
		p := &placed{Node: &nodes[i]}
		all[p.ID] = p
		waits[p.ID] = len(p.Parents)
		for _, parent := range p.Parents {
			next[parent] = append(next[parent], p)
		}
		if len(p.Parents) == 0 {
			ready = append(ready, p)
		}
	}
	g := &Graph{}
	for len(ready) > 0 {
		p := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		g.order = append(g.order, p)
		delete(waits, p.ID)
		for _, child := range next[p.ID] {
			child.depth = max(child.depth, p.depth+1)
			if waits[child.ID]--; waits[child.ID] == 0 {
				ready = append(ready, child)
			}
		}
	}
	for id := range waits {
		g.missing = append(g.missing, id)
	}
	slices.SortFunc(g.missing, compareIDs)
	slices.SortFunc(g.order, compare)
	for id := range waits {
		delete(all, id)
	}
	g.at = all
	g.decompose(all)
	return g
}

func compareIDs(a, b eventcore.EventID) int { return slices.Compare(a[:], b[:]) }

// compare is the canonical order.
func compare(a, b *placed) int {
	return cmp.Or(cmp.Compare(a.depth, b.depth), a.CreatedAt.Compare(b.CreatedAt),
		compareIDs(a.Replica, b.Replica), compareIDs(a.ID, b.ID))
}

// decompose splits the graph into chains, as few as it finds without searching, so that
// who is before whom takes one comparison.
func (g *Graph) decompose(all map[eventcore.EventID]*placed) {
	var lengths []int
	for _, p := range g.order {
		for _, id := range p.Parents {
			for chain, n := range all[id].behind {
				if chain == len(p.behind) {
					p.behind = append(p.behind, 0)
				}
				p.behind[chain] = max(p.behind[chain], n)
			}
		}
		p.chain = -1
		for chain, n := range p.behind {
			if n == lengths[chain] {
				p.chain = chain
				break
			}
		}
		if p.chain < 0 {
			p.chain = len(lengths)
			lengths = append(lengths, 0)
		}
		for len(p.behind) <= p.chain {
			p.behind = append(p.behind, 0)
		}
		lengths[p.chain]++
		p.place = lengths[p.chain]
		p.behind[p.chain] = p.place
	}
}

// Order returns the transactions in their order.
func (g *Graph) Order() []eventcore.EventID {
	ids := make([]eventcore.EventID, 0, len(g.order))
	for _, p := range g.order {
		ids = append(ids, p.ID)
	}
	return ids
}

// Before says whether a is before b by their parents, or is b. Both must be in the order.
func (g *Graph) Before(a, b eventcore.EventID) bool {
	p, q := g.at[a], g.at[b]
	return p != nil && q != nil && p.before(q)
}

// Missing returns those that lack an ancestor, or are in a circle or behind one, sorted.
func (g *Graph) Missing() []eventcore.EventID { return slices.Clone(g.missing) }

// Heads returns the transactions that no other one follows, in their order.
func (g *Graph) Heads() []eventcore.EventID {
	followed := make(map[eventcore.EventID]bool)
	for _, p := range g.order {
		for _, parent := range p.Parents {
			followed[parent] = true
		}
	}
	return slices.DeleteFunc(g.Order(), func(id eventcore.EventID) bool { return followed[id] })
}

// Pair is two transactions, neither before the other, in their order.
type Pair struct{ First, Second eventcore.EventID }

// IdentityConflicts returns the pairs of transactions of one replica neither of which is
// before the other: two working copies took the same name. The zero replica is nobody's.
func (g *Graph) IdentityConflicts() []Pair {
	return concurrentBy(g, func(p *placed) []eventcore.EventID {
		if p.Replica == (eventcore.EventID{}) {
			return nil
		}
		return []eventcore.EventID{p.Replica}
	}, func(Pair) bool { return true })
}
