package linearizability

import "slices"

// The model of the whole store: a chain of events for each stream, and the length of
// the global order. It carries content, not only versions, and so needs none of the
// rules: what they find it rejects too.

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

// back returns the stream as it was at version v, which is at or below its own.
func (n *node) back(v uint64) *node {
	for n.at() > v {
		n = n.parent
	}
	return n
}

// state is a state of a component's streams. It is never changed once it is made.
type state struct {
	machine *machine
	heads   []*node
	global  int
	hash    uint64
}

// step is a call as the model sees it.
type step struct {
	op *Operation
	// impossible: no state of a store explains the result.
	impossible bool
	expect     []expectation
	pushes     []push
	// rank is the place of the first event in the final global order, -1 where
	// the global order is not modelled.
	rank int
	kind readKind

	// stream, after, ids and hash are those of a read of a stream; hash is that of
	// the stream up to the last event if the read was from the beginning.
	stream int
	after  uint64
	ids    []uint64
	hash   uint64
	// low and high bound the length of the global order at the moment of a read
	// of it.
	low, high int
}

// readKind is 0 for an append.
type readKind uint8

const (
	// exactRead: the stream had nothing more.
	exactRead readKind = iota + 1
	prefixRead
	globalRead
)

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

// effectFree says that a step changes no state.
func (st *step) effectFree() bool { return len(st.pushes) == 0 }

// possible says whether the step can be taken in a state.
func (st *step) possible(s *state) bool {
	if st.impossible {
		return false
	}
	for _, e := range st.expect {
		if s.heads[e.stream].at() != e.version {
			return false
		}
	}
	switch st.kind {
	case exactRead, prefixRead:
		return st.fits(s.heads[st.stream])
	case globalRead:
		return st.low <= s.global && s.global <= st.high
	default:
		return st.rank < 0 || st.rank == s.global
	}
}

// fits says whether a stream is one that the read can have seen.
func (st *step) fits(head *node) bool {
	version, end := head.at(), st.after+uint64(len(st.ids))
	switch {
	case len(st.ids) == 0:
		return st.kind != exactRead || version <= st.after
	case version < end, st.kind == exactRead && version != end:
		return false
	}
	n := head.back(end)
	if st.after == 0 {
		return n.hash == st.hash
	}
	for _, id := range slices.Backward(st.ids) {
		if n.id != id {
			return false
		}
		n = n.parent
	}
	return true
}

// equal compares by version and hash of each stream.
func (s *state) equal(other *state) bool {
	if s.global != other.global || s.hash != other.hash {
		return false
	}
	for i := range s.heads {
		if s.heads[i].at() != other.heads[i].at() || s.heads[i].sum() != other.heads[i].sum() {
			return false
		}
	}
	return true
}

// fold mixes v into h (the finalizer of MurmurHash3).
func fold(h, v uint64) uint64 {
	// The addition keeps a zero from folding into a zero.
	h = (h ^ v + 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>29
}
