package dag_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file/internal/dag"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
)

// drawn returns a random history of replicas that see a part of what there is: parents
// are some of the last ones.
func drawn(r *rand.Rand) []dag.Node {
	var nodes []dag.Node
	for n := range 3 + r.IntN(14) {
		node := dag.Node{ID: newID(r), Replica: eventcore.EventID{byte(1 + r.IntN(3))}, CreatedAt: time.Unix(int64(r.IntN(4)), 0)}
		for _, s := range r.Perm(5)[:r.IntN(3)] {
			node.Streams = append(node.Streams, eventcore.MustStreamID(fmt.Sprint("s", s)))
		}
		for range min(n, (1+r.IntN(5))/2) {
			if p := nodes[max(0, n-1-r.IntN(3))].ID; !slices.Contains(node.Parents, p) {
				node.Parents = append(node.Parents, p)
			}
		}
		nodes = append(nodes, node)
		if last := &nodes[n]; r.IntN(3) == 0 {
			above := ancestors(nodes, last.ID)
			for _, m := range nodes {
				if above[m.ID] && r.IntN(5) > 0 {
					last.Resolves = append(last.Resolves, m.ID)
				}
			}
		}
	}
	return nodes
}

func newID(r *rand.Rand) (id eventcore.EventID) {
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	return id
}

// ancestors walks from parent to parent.
func ancestors(nodes []dag.Node, id eventcore.EventID) map[eventcore.EventID]bool {
	above := map[eventcore.EventID]bool{}
	var walk func(eventcore.EventID)
	walk = func(id eventcore.EventID) {
		for _, n := range nodes {
			if n.ID != id {
				continue
			}
			for _, p := range n.Parents {
				if !above[p] {
					above[p] = true
					walk(p)
				}
			}
		}
	}
	walk(id)
	return above
}

// contradict is the definition, on two nodes.
func contradict(nodes []dag.Node, a, b *dag.Node) bool {
	common := slices.ContainsFunc(a.Streams, func(s eventcore.StreamID) bool { return slices.Contains(b.Streams, s) })
	settled := slices.ContainsFunc(nodes, func(n dag.Node) bool {
		return slices.Contains(n.Resolves, a.ID) && slices.Contains(n.Resolves, b.ID)
	})
	return common && !settled && apart(nodes, a, b)
}

func apart(nodes []dag.Node, a, b *dag.Node) bool {
	return a.ID != b.ID && !ancestors(nodes, a.ID)[b.ID] && !ancestors(nodes, b.ID)[a.ID]
}

// sameFork says which nodes hang together by contradictions, by closing the relation.
func sameFork(nodes []dag.Node) map[[2]uuid.UUID]bool {
	same := map[[2]uuid.UUID]bool{}
	for i := range nodes {
		for j := range nodes {
			if contradict(nodes, &nodes[i], &nodes[j]) {
				same[[2]uuid.UUID{nodes[i].ID, nodes[j].ID}] = true
			}
		}
	}
	for _, k := range nodes {
		for _, i := range nodes {
			for _, j := range nodes {
				if same[[2]uuid.UUID{i.ID, k.ID}] && same[[2]uuid.UUID{k.ID, j.ID}] {
					same[[2]uuid.UUID{i.ID, j.ID}] = true
				}
			}
		}
	}
	return same
}

func TestForksAndIdentityConflictsAreThoseOfTheDefinition(t *testing.T) {
	forked, clashes, settled := 0, 0, 0
	for seed := range uint64(300) {
		nodes := drawn(prng.New(seed, "dag"))
		g := dag.New(slices.Clone(nodes))
		require.Empty(t, g.Missing())
		got := map[[2]uuid.UUID]bool{}
		for _, fork := range g.Forks() {
			forked++
			for _, a := range fork {
				for _, b := range fork {
					got[[2]uuid.UUID{a, b}] = true
				}
			}
		}
		require.Equal(t, sameFork(nodes), got, "seed %d", seed)
		pairs := 0
		for i := range nodes {
			for j := range i {
				if nodes[i].Replica == nodes[j].Replica && apart(nodes, &nodes[i], &nodes[j]) {
					pairs++
				}
			}
		}
		require.Len(t, g.IdentityConflicts(), pairs, "seed %d", seed)
		clashes += pairs
		bare := slices.Clone(nodes)
		for i := range bare {
			bare[i].Resolves = nil
		}
		if len(sameFork(bare)) != len(got) {
			settled++
		}
	}
	require.Greater(t, forked, 50)
	require.Greater(t, clashes, 50)
	require.Greater(t, settled, 20, "a settled contradiction must make a difference")
}

func TestTheOrderDependsOnTheSetAlone(t *testing.T) {
	for seed := range uint64(150) {
		r := prng.New(seed, "dag")
		nodes := drawn(r)
		g := dag.New(slices.Clone(nodes))
		order := g.Order()
		require.Len(t, order, len(nodes))
		for _, n := range nodes {
			for _, p := range n.Parents {
				require.Less(t, slices.Index(order, p), slices.Index(order, n.ID), "seed %d", seed)
			}
		}
		shuffled := slices.Clone(nodes)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again := dag.New(shuffled)
		require.Equal(t, order, again.Order(), "seed %d", seed)
		require.Equal(t, g.Forks(), again.Forks(), "seed %d", seed)
		require.Equal(t, g.Heads(), again.Heads(), "seed %d", seed)
	}
}

func TestWhatLacksAnAncestorIsLeftOut(t *testing.T) {
	left := 0
	for seed := range uint64(150) {
		r := prng.New(seed, "dag")
		nodes := drawn(r)
		gone := nodes[r.IntN(len(nodes))].ID
		var lack []eventcore.EventID
		for _, n := range nodes {
			if ancestors(nodes, n.ID)[gone] {
				lack = append(lack, n.ID)
			}
		}
		left += len(lack)
		rest := slices.DeleteFunc(slices.Clone(nodes), func(n dag.Node) bool { return n.ID == gone })
		require.ElementsMatch(t, lack, dag.New(rest).Missing(), "seed %d", seed)
	}
	require.Greater(t, left, 50)
}

func TestACircleIsMissingItsBeginning(t *testing.T) {
	a, b, c := eventcore.EventID{1}, eventcore.EventID{2}, eventcore.EventID{3}
	g := dag.New([]dag.Node{{ID: a, Parents: []eventcore.EventID{b}}, {ID: b, Parents: []eventcore.EventID{a}}, {ID: c}})
	require.Equal(t, []eventcore.EventID{a, b}, g.Missing())
	require.Equal(t, []eventcore.EventID{c}, g.Order())
}

func TestBasesAndBeforeAreThoseOfTheAncestors(t *testing.T) {
	positive := 0
	for seed := range uint64(150) {
		nodes := drawn(prng.New(seed, "dag"))
		for i := range nodes {
			for j := range nodes[i].Streams {
				nodes[i].Events = append(nodes[i].Events, 1+(i+j)%3)
			}
		}
		g := dag.New(slices.Clone(nodes))
		bases := g.Bases()
		for _, n := range nodes {
			above := ancestors(nodes, n.ID)
			for i, s := range n.Streams {
				want := 0
				for _, m := range nodes {
					if at := slices.Index(m.Streams, s); at >= 0 && above[m.ID] {
						want += m.Events[at]
					}
				}
				require.Equal(t, want, bases[n.ID][i], "seed %d", seed)
				positive += min(want, 1)
			}
			for _, m := range nodes {
				require.Equal(t, m.ID == n.ID || above[m.ID], g.Before(m.ID, n.ID), "seed %d", seed)
			}
		}
	}
	require.Greater(t, positive, 100)
}
