package linearizability

import (
	"encoding/binary"

	"github.com/anishathalye/porcupine"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// The model of the whole store: a chain of events for each stream, and the number of
// events in the global order. It carries content, not only versions, and so depends
// on none of the rules.

// node is the newest event of a stream and, through parent, all before it. A nil
// node is an empty stream. Nodes are never changed, so states share them.
type node struct {
	parent  *node
	version uint64
	id      uint64
	// hash covers the stream up to here, so that equal streams are seen at once.
	hash uint64
}

func (n *node) at() uint64 {
	if n == nil {
		return 0
	}
	return n.version
}

func (n *node) sum() uint64 {
	if n == nil {
		return 0
	}
	return n.hash
}

// push returns the stream with one more event.
func (n *node) push(id uint64) *node {
	return &node{parent: n, version: n.at() + 1, id: id, hash: fold(n.sum(), id)}
}

// back returns the stream as it was at version v, which is at or below its own.
func (n *node) back(v uint64) *node {
	for n.at() > v {
		n = n.parent
	}
	return n
}

// state is a state of a component's streams. It is never changed.
type state struct {
	heads  []*node
	global int
}

// step is a call as the model sees it.
type step struct {
	op     *Operation
	expect []expectation
	pushes []push
	// rank is the place of the first event in the final global order, -1 where
	// the global order is not modelled.
	rank int
	read *streamRead
	// all bounds the length of the global order at the moment of a global read.
	all *globalRead
}

// expectation: a stream is at a version.
type expectation struct {
	stream  int
	version uint64
}

// push: an event is added to a stream.
type push struct {
	stream int
	id     uint64
}

type streamRead struct {
	stream int
	after  uint64
	ids    []uint64
	// exact says that the stream had nothing more.
	exact bool
	// hash is that of the stream up to the last event, known for reads from the
	// beginning.
	hash uint64
}

type globalRead struct{ low, high int }

// apply returns the state after the step, or false if the step is not possible.
func (s *state) apply(st *step) (bool, *state) {
	for _, e := range st.expect {
		if s.heads[e.stream].at() != e.version {
			return false, s
		}
	}
	if st.read != nil {
		return st.read.fits(s.heads[st.read.stream]), s
	}
	if st.all != nil {
		return st.all.low <= s.global && s.global <= st.all.high, s
	}
	if len(st.pushes) == 0 {
		return true, s
	}
	if st.rank >= 0 && st.rank != s.global {
		return false, s
	}
	next := &state{heads: append([]*node(nil), s.heads...), global: s.global}
	if st.rank >= 0 {
		next.global += len(st.pushes)
	}
	for _, p := range st.pushes {
		next.heads[p.stream] = next.heads[p.stream].push(p.id)
	}
	return true, next
}

// fits says whether a stream is one that the read can have seen.
func (r *streamRead) fits(head *node) bool {
	version, end := head.at(), r.after+uint64(len(r.ids))
	switch {
	case len(r.ids) == 0:
		return !r.exact || version <= r.after
	case version < end, r.exact && version != end:
		return false
	}
	n := head.back(end)
	if r.after == 0 {
		return n.hash == r.hash
	}
	for i := len(r.ids) - 1; i >= 0; i-- {
		if n.id != r.ids[i] {
			return false
		}
		n = n.parent
	}
	return true
}

// porcupineModel returns the model of a component with that many streams.
func porcupineModel(streams int) porcupine.Model {
	return porcupine.Model{
		Init:  func() any { return &state{heads: make([]*node, streams)} },
		Step:  func(s, input, _ any) (bool, any) { return s.(*state).apply(input.(*step)) },
		Equal: func(a, b any) bool { return a.(*state).equal(b.(*state)) },
		Hash:  func(s any) uint64 { return s.(*state).sum() },
		DescribeOperation: func(input, _ any) string {
			return input.(*step).op.describe()
		},
	}
}

func (s *state) equal(other *state) bool {
	if s.global != other.global {
		return false
	}
	for i := range s.heads {
		if s.heads[i].at() != other.heads[i].at() || s.heads[i].sum() != other.heads[i].sum() {
			return false
		}
	}
	return true
}

func (s *state) sum() uint64 {
	h := uint64(s.global)
	for _, head := range s.heads {
		h = fold(h, head.sum())
	}
	return h
}

// idDigest shortens an event ID. Its random bits are what tells IDs apart.
func idDigest(id eventcore.EventID) uint64 {
	return fold(binary.LittleEndian.Uint64(id[:8]), binary.LittleEndian.Uint64(id[8:]))
}

// fold mixes v into h (the finalizer of MurmurHash3).
func fold(h, v uint64) uint64 {
	// The addition keeps a zero from folding into a zero.
	h = (h ^ v + 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>29
}
