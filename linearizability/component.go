package linearizability

import (
	"math"

	"github.com/anishathalye/porcupine"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// component is a set of streams that appends tie together, with all calls on them. A
// history is linearizable if and only if each component is (Herlihy and Wing: locality).
type component struct {
	streams []eventcore.StreamID
	ops     []porcupine.Operation
	// indices has the place of each operation in the history.
	indices []int
}

// components splits the calls that constrain the order. withGlobal adds the reads of
// the global order, which tie all streams together.
func (l *finalLog) components(withGlobal bool) []*component {
	p := l.group(withGlobal)
	var all []*component
	of := make(map[int]*component)
	local := make(map[eventcore.StreamID]int)
	get := func(id eventcore.StreamID) (*component, int) {
		root := p.find(p.number(id))
		c := of[root]
		if c == nil {
			c = &component{}
			of[root] = c
			all = append(all, c)
		}
		n, known := local[id]
		if !known {
			n = len(c.streams)
			local[id] = n
			c.streams = append(c.streams, id)
		}
		return c, n
	}
	for i := range l.ops {
		c, st := l.step(i, withGlobal, get)
		if st == nil {
			continue
		}
		client := l.ops[i].Client
		if client == FinalClient {
			// porcupine numbers clients from 0.
			client = l.clients()
		}
		c.ops = append(c.ops, porcupine.Operation{ClientId: client, Input: st, Call: l.ops[i].Call, Return: l.returns[i]})
		c.indices = append(c.indices, i)
	}
	return all
}

// clients returns the number of clients other than the final one.
func (l *finalLog) clients() int {
	n := 0
	for i := range l.ops {
		n = max(n, l.ops[i].Client+1)
	}
	return n
}

// finder returns the component of a stream and the stream's number in it.
type finder func(eventcore.StreamID) (*component, int)

// step translates a call, nil if it constrains nothing.
func (l *finalLog) step(i int, withGlobal bool, get finder) (*component, *step) {
	op := &l.ops[i]
	switch op.Kind {
	case Append:
		return l.appendStep(i, op, withGlobal, get)
	case ReadStream:
		if op.End != Complete && len(op.Seen) == 0 {
			return nil, nil
		}
		c, n := get(op.Stream)
		return c, &step{op: op, read: newStreamRead(op, n)}
	default:
		if !withGlobal || (op.End != Complete && len(op.Seen) == 0) {
			return nil, nil
		}
		c, _ := get(eventcore.StreamID{})
		return c, &step{op: op, all: l.newGlobalRead(op)}
	}
}

func (l *finalLog) appendStep(i int, op *Operation, withGlobal bool, get finder) (*component, *step) {
	st := &step{op: op, rank: -1}
	if !l.applied[i] {
		if op.Conflict == nil || op.Conflict.ActualUnknown {
			return nil, nil
		}
		c, n := get(op.Conflict.Stream)
		st.expect = []expectation{{n, uint64(op.Conflict.Actual)}}
		return c, st
	}
	if len(op.Participants) == 0 {
		return nil, nil
	}
	var c *component
	numbers := make([]int, len(op.Participants))
	for p := range op.Participants {
		part := &op.Participants[p]
		c, numbers[p] = get(part.Stream)
		st.expect = append(st.expect, expectation{numbers[p], uint64(part.Expected)})
	}
	for e := range op.Events {
		event := &op.Events[e]
		st.pushes = append(st.pushes, push{numbers[event.Participant], idDigest(event.ID)})
	}
	if withGlobal && len(op.Events) > 0 {
		st.rank = l.ranks[op.Events[0].ID]
	}
	return c, st
}

func newStreamRead(op *Operation, stream int) *streamRead {
	r := &streamRead{stream: stream, after: uint64(op.After), exact: op.End == Complete, ids: make([]uint64, len(op.Seen))}
	for s := range op.Seen {
		r.ids[s] = idDigest(op.Seen[s].ID)
		r.hash = fold(r.hash, r.ids[s])
	}
	return r
}

// newGlobalRead turns a read of the global order, whose content the rules have
// compared with the final one, into bounds for its length.
func (l *finalLog) newGlobalRead(op *Operation) *globalRead {
	global := l.history.Final.Global
	next := l.rankAfter(op.Position)
	r := &globalRead{high: math.MaxInt}
	if n := len(op.Seen); n > 0 {
		next = l.ranks[op.Seen[n-1].ID] + 1
		r.low = next
	}
	if op.End != Complete {
		return r
	}
	for next < len(global) && !op.Filter.Match(global[next].Stream, global[next].Type) {
		next++
	}
	if next < len(global) {
		r.high = next
	}
	return r
}

// groups is a union-find over stream numbers.
type groups struct {
	numbers map[eventcore.StreamID]int
	parent  []int
}

func (g *groups) number(id eventcore.StreamID) int {
	n, known := g.numbers[id]
	if !known {
		n = len(g.parent)
		g.numbers[id] = n
		g.parent = append(g.parent, n)
	}
	return n
}

func (g *groups) find(n int) int {
	for g.parent[n] != n {
		g.parent[n] = g.parent[g.parent[n]]
		n = g.parent[n]
	}
	return n
}

func (g *groups) join(a, b eventcore.StreamID) {
	g.parent[g.find(g.number(a))] = g.find(g.number(b))
}

// group joins the streams that an applied append names, and all streams, with the zero
// ID standing for the global order, if that is modelled.
func (l *finalLog) group(withGlobal bool) *groups {
	g := &groups{numbers: make(map[eventcore.StreamID]int)}
	for i := range l.ops {
		op := &l.ops[i]
		for p := range op.Participants {
			if l.applied[i] {
				g.join(op.Participants[p].Stream, op.Participants[0].Stream)
			}
			if withGlobal {
				g.join(op.Participants[p].Stream, eventcore.StreamID{})
			}
		}
		if withGlobal && op.Kind == ReadStream {
			g.join(op.Stream, eventcore.StreamID{})
		}
	}
	return g
}
