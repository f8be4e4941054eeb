package linearizability

import (
	"context"

	"github.com/anishathalye/porcupine"
)

// machine runs the model for one check of one component. It makes states and nodes in
// blocks, for one goroutine.
type machine struct {
	ctx     context.Context
	streams int
	// budget is the number of steps that may still succeed: porcupine remembers
	// every state that it has been in. When it is used up, or ctx is done, every step
	// fails and porcupine's answer means nothing.
	budget    int
	exhausted bool

	// block is the number of states, and of nodes, that are allocated at once.
	block  int
	states []state
	heads  []*node
	nodes  []node
}

// memory is what porcupine may use, roughly, in bytes.
const memory = 512 << 20

func newMachine(ctx context.Context, streams, calls int) *machine {
	// A state with its nodes and map entry, and one bit for each call.
	each := 300 + 8*streams + calls/8
	// However long the history, each call may be tried twice.
	return &machine{ctx: ctx, streams: streams, budget: memory/each + 2*calls, block: min(machineBlock, calls+2)}
}

// machineBlock is the largest number of states that are allocated at once. Most components
// need fewer.
const machineBlock = 64

// initial returns the state of an empty store.
func (m *machine) initial() *state { return m.copy(&state{heads: make([]*node, m.streams)}) }

func (m *machine) copy(from *state) *state {
	if len(m.states) == 0 {
		m.states = make([]state, m.block)
		m.heads = make([]*node, m.block*m.streams)
	}
	s := &m.states[0]
	m.states = m.states[1:]
	s.heads, m.heads = m.heads[:m.streams:m.streams], m.heads[m.streams:]
	copy(s.heads, from.heads)
	s.machine, s.global, s.hash = m, from.global, from.hash
	return s
}

func (m *machine) push(s *state, p push) {
	if len(m.nodes) == 0 {
		m.nodes = make([]node, m.block)
	}
	n := &m.nodes[0]
	m.nodes = m.nodes[1:]
	parent := s.heads[p.stream]
	*n = node{parent: parent, version: parent.at() + 1, id: p.id, hash: fold(parent.sum(), p.id)}
	s.heads[p.stream] = n
	// Streams change one at a time: the others' share of the hash stays.
	s.hash ^= fold(uint64(p.stream), parent.sum()) ^ fold(uint64(p.stream), n.hash)
}

// step returns the state after a step, or false if the step is not possible.
func (m *machine) step(s *state, st *step) (bool, *state) {
	if m.exhausted || !st.possible(s) {
		return false, s
	}
	if m.budget--; m.budget < 0 || (m.budget&0xff == 0 && m.ctx.Err() != nil) {
		m.exhausted = true
		return false, s
	}
	if st.effectFree() {
		return true, s
	}
	next := m.copy(s)
	m.take(next, st)
	return true, next
}

// take changes a state by a step.
func (m *machine) take(s *state, st *step) {
	if st.rank >= 0 {
		s.global += len(st.pushes)
	}
	for _, p := range st.pushes {
		m.push(s, p)
	}
}

// model returns the model for porcupine.
// Each check gets a machine of its own from start, which states carry: porcupine
// checks components at the same time.
func model(start func() *machine) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return start().initial() },
		StepContext: func(_ context.Context, s, input, _ any) (bool, any) {
			from := s.(*state)
			return from.machine.step(from, input.(*step))
		},
		Equal: func(a, b any) bool { return a.(*state).equal(b.(*state)) },
		Hash:  func(s any) uint64 { return s.(*state).hash },
	}
}
