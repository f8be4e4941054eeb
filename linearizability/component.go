package linearizability

import "github.com/anishathalye/porcupine"

// component is a set of streams that appends tie together, with all calls on them. A
// history is linearizable if and only if each component is (Herlihy and Wing: locality).
type component struct {
	streams []int // numbers in the history
	ops     []porcupine.Operation
	// indices has the place of each operation in the history.
	indices []int
}

// readsGlobal says whether a client read the global order. The final read alone needs
// no model: the rules compare it with the streams.
func (l *finalLog) readsGlobal() bool {
	for i := range l.ops {
		if l.ops[i].Kind == ReadAll && l.ops[i].Client != FinalClient {
			return true
		}
	}
	return false
}

// components splits the calls that constrain the order. If a client read the global
// order, that ties all streams together.
func (l *finalLog) components() []*component {
	p := newPartition(l)
	t := newTranslator(l, p)
	clients := l.clients()
	for i := range l.ops {
		c, st := t.step(i)
		if st == nil {
			continue
		}
		op := &l.ops[i]
		client := op.Client
		if client == FinalClient {
			// porcupine numbers clients from 0.
			client = clients
		}
		c.ops = append(c.ops, porcupine.Operation{ClientId: client, Input: st, Call: op.Call, Return: l.returns[i]})
		c.indices = append(c.indices, i)
	}
	return p.used()
}

// clients returns the number of clients other than the final one.
func (l *finalLog) clients() int {
	n := 0
	for i := range l.ops {
		n = max(n, l.ops[i].Client+1)
	}
	return n
}

// partition says which component a stream belongs to and its number there.
type partition struct {
	global  bool
	of      []*component
	local   []int
	whole   *component // of the global order, if that is modelled
	ordered []*component
}

func newPartition(l *finalLog) *partition {
	n := len(l.names)
	p := &partition{global: l.readsGlobal(), of: make([]*component, n), local: make([]int, n)}
	g := newGroups(n)
	for i := range l.ops {
		if l.applied[i] {
			for _, s := range l.parts[i] {
				g.join(s, l.parts[i][0])
			}
		}
	}
	if p.global {
		p.whole = &component{}
		p.ordered = append(p.ordered, p.whole)
	}
	for s := range n {
		c := p.whole
		if root := g.find(s); c == nil {
			if p.of[root] == nil {
				p.of[root] = &component{}
				p.ordered = append(p.ordered, p.of[root])
			}
			c = p.of[root]
		}
		p.of[s], p.local[s] = c, len(c.streams)
		c.streams = append(c.streams, s)
	}
	return p
}

// used returns the components that have calls.
func (p *partition) used() []*component {
	all := p.ordered[:0]
	for _, c := range p.ordered {
		if len(c.ops) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// groups is a union-find over numbers.
type groups []int

func newGroups(n int) groups {
	g := make(groups, n)
	for i := range g {
		g[i] = i
	}
	return g
}

func (g groups) find(n int) int {
	for g[n] != n {
		g[n] = g[g[n]]
		n = g[n]
	}
	return n
}

func (g groups) join(a, b int) { g[g.find(a)] = g.find(b) }
