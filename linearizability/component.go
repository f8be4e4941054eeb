package linearizability

import "github.com/anishathalye/porcupine"

// component is a set of streams that appends tie together, with all calls on them. A
// history is linearizable if and only if each component is (Herlihy and Wing: locality).
type component struct {
	streams []int // numbers in the history
	ops     []porcupine.Operation
	calls   int // how many ops there will be
	// indices has the place of each operation in the history.
	indices []int
	// narrowing and witness are scratch space that all components share.
	narrowing *narrowing
	witness   *witness
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
	p, t := &l.partition, &l.translator
	p.set(l)
	t.set(l, p)
	for i := range l.ops {
		c, st := t.step(i)
		if st == nil {
			c = nil
		} else {
			c.calls++
		}
		t.in[i] = c
	}
	p.makeRoom()
	clients := l.clients()
	for i, c := range t.in {
		if c == nil {
			continue
		}
		op := &l.ops[i]
		client := op.Client
		if client == FinalClient {
			// porcupine numbers clients from 0.
			client = clients
		}
		c.ops = append(c.ops, porcupine.Operation{ClientId: client, Input: &t.steps[i], Call: op.Call, Return: l.returns[i]})
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

	// What all of them are cut from, and scratch space.
	all     []component
	ops     []porcupine.Operation
	indices []int
	groups  groups
}

// set makes it the partition of a log.
func (p *partition) set(l *finalLog) {
	n := len(l.names)
	p.global, p.whole, p.ordered = l.readsGlobal(), nil, p.ordered[:0]
	p.of, p.local = zeroed(p.of, n), zeroed(p.local, n)
	p.groups.reset(n)
	p.all = zeroed(p.all, n+1)
	fresh := p.all
	add := func() *component {
		c := &fresh[0]
		fresh = fresh[1:]
		c.narrowing, c.witness = &l.narrowing, &l.witness
		p.ordered = append(p.ordered, c)
		return c
	}
	g := p.groups
	for i := range l.ops {
		if l.applied[i] {
			for _, s := range l.parts[i] {
				g.join(s, l.parts[i][0])
			}
		}
	}
	if p.global {
		p.whole = add()
	}
	for s := range n {
		c := p.whole
		if root := g.find(s); c == nil {
			if p.of[root] == nil {
				p.of[root] = add()
			}
			c = p.of[root]
		}
		p.of[s], p.local[s] = c, len(c.streams)
		c.streams = append(c.streams, s)
	}
}

// makeRoom makes room for the calls of each component, once they are counted.
func (p *partition) makeRoom() {
	total := 0
	for _, c := range p.ordered {
		total += c.calls
	}
	p.ops, p.indices = zeroed(p.ops, total), zeroed(p.indices, total)
	ops, indices := p.ops, p.indices
	for _, c := range p.ordered {
		c.ops, ops = ops[:0:c.calls], ops[c.calls:]
		c.indices, indices = indices[:0:c.calls], indices[c.calls:]
	}
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

// reset puts each of n numbers into a group of its own.
func (g *groups) reset(n int) {
	*g = (*g)[:0]
	for i := range n {
		*g = append(*g, i)
	}
}

func (g groups) find(n int) int {
	for g[n] != n {
		g[n] = g[g[n]]
		n = g[n]
	}
	return n
}

func (g groups) join(a, b int) { g[g.find(a)] = g.find(b) }
