package merge

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// model is what a set of files means, found out the plain way.
type model struct {
	names []string
	// nodes are the transactions whose ancestors are all there, in the canonical order.
	nodes   []*header
	waiting []eventcore.EventID
	// above has the ancestors of each.
	above map[eventcore.EventID]map[eventcore.EventID]bool
}

// complete returns the model of what is on a replica's disk.
func (w *world) complete(r *replica) *model {
	files := w.filesOf(r)
	byID := map[eventcore.EventID]*header{}
	for _, h := range files {
		byID[h.Transaction] = h
	}
	m := &model{above: map[eventcore.EventID]map[eventcore.EventID]bool{}}
	depth := map[eventcore.EventID]int{}
	var visit func(id eventcore.EventID) bool
	visit = func(id eventcore.EventID) bool {
		h := byID[id]
		if h == nil {
			return false
		}
		if m.above[id] != nil {
			return true
		}
		above := map[eventcore.EventID]bool{}
		deep := 0
		for _, p := range h.Parents {
			if !visit(p) {
				return false
			}
			above[p] = true
			for a := range m.above[p] {
				above[a] = true
			}
			deep = max(deep, depth[p]+1)
		}
		m.above[id], depth[id] = above, deep
		return true
	}
	for name, h := range files {
		if visit(h.Transaction) {
			m.nodes = append(m.nodes, h)
			m.names = append(m.names, name)
		} else {
			m.waiting = append(m.waiting, h.Transaction)
		}
	}
	slices.Sort(m.names)
	slices.SortFunc(m.nodes, func(a, b *header) int {
		return cmp.Or(depth[a.Transaction]-depth[b.Transaction], a.CreatedAt.Compare(b.CreatedAt),
			bytes.Compare(a.Replica[:], b.Replica[:]), bytes.Compare(a.Transaction[:], b.Transaction[:]))
	})
	for i := 1; i < len(m.nodes); i++ {
		a, b := m.nodes[i-1], m.nodes[i]
		if depth[a.Transaction] == depth[b.Transaction] && a.CreatedAt.Equal(b.CreatedAt) {
			w.counts["tie"]++
		}
	}
	return m
}

// order returns the transactions in their order.
func (m *model) order() (ids []eventcore.EventID) {
	for _, h := range m.nodes {
		ids = append(ids, h.Transaction)
	}
	return ids
}

// stream returns the events of a stream in their order.
func (m *model) stream(name string) (ids []eventcore.EventID) {
	for _, h := range m.nodes {
		for _, e := range h.lines {
			if e.Stream == name {
				ids = append(ids, e.ID)
			}
		}
	}
	return ids
}

// contradict is the definition of a fork, on two transactions.
func (m *model) contradict(a, b *header) bool {
	if a == b || m.above[a.Transaction][b.Transaction] || m.above[b.Transaction][a.Transaction] {
		return false
	}
	for _, h := range m.nodes {
		if slices.Contains(h.Resolves, a.Transaction) && slices.Contains(h.Resolves, b.Transaction) {
			return false
		}
	}
	for _, x := range a.lines {
		for _, y := range b.lines {
			if x.Stream == y.Stream {
				return true
			}
		}
	}
	return false
}

// forks follows contradictions from one transaction to the next.
func (m *model) forks() (forks [][]eventcore.EventID) {
	done := map[*header]bool{}
	for _, h := range m.nodes {
		members := map[*header]bool{h: true}
		var follow func(*header)
		follow = func(a *header) {
			done[a] = true
			for _, b := range m.nodes {
				if !members[b] && m.contradict(a, b) {
					members[b] = true
					follow(b)
				}
			}
		}
		if done[h] {
			continue
		}
		if follow(h); len(members) == 1 {
			continue
		}
		var fork []eventcore.EventID
		for _, n := range m.nodes {
			if members[n] {
				fork = append(fork, n.Transaction)
			}
		}
		forks = append(forks, fork)
	}
	return forks
}
