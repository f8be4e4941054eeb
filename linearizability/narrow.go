package linearizability

import "github.com/anishathalye/porcupine"

// narrow returns the calls of a component with appends confined to where the versions
// of streams put them: behind the calls of those that must come before, ahead of the
// returns of those that must come behind. porcupine tries calls by the time of their
// beginning, so with the narrow ones its first guess is nearly always right, however
// many clients there are.
//
// The new intervals lie in the old ones: an order that explains the narrow calls explains
// the real ones, whatever narrow got wrong. False means that an append has no
// room left.
func narrow(c *component) ([]porcupine.Operation, bool) {
	n := newNarrowing(c)
	for i := range c.ops {
		n.note(&c.ops[i])
	}
	n.close()
	ops := make([]porcupine.Operation, len(c.ops))
	for i := range c.ops {
		ops[i] = n.confine(&c.ops[i])
		if ops[i].Call > ops[i].Return {
			return nil, false
		}
	}
	return ops, true
}

// narrowing has of each stream, and last of the global order, what its lengths demand.
type narrowing struct {
	// before[s][v] is the last call that needs the length of s to be v at most.
	// behind[s][v] is the first return that needs it to be greater than v.
	before, behind [][]int64
	// pushed is scratch space.
	pushed []int
}

func newNarrowing(c *component) *narrowing {
	streams := len(c.streams)
	n := &narrowing{before: make([][]int64, streams+1), behind: make([][]int64, streams+1), pushed: make([]int, streams)}
	lengths := make([]int, streams+1)
	total := 0
	for i := range c.ops {
		for _, p := range c.ops[i].Input.(*step).pushes {
			lengths[p.stream]++
			lengths[streams]++
			total += 2
		}
	}
	all := make([]int64, 2*(total+streams+1))
	for s, length := range lengths {
		n.before[s], all = all[:length+1], all[length+1:]
		n.behind[s], all = all[:length+1], all[length+1:]
		for v := range n.behind[s] {
			n.behind[s][v] = Never
		}
	}
	return n
}

// atMost notes that a call at that stamp needs a length of at most v.
func (n *narrowing) atMost(s int, v uint64, stamp int64) {
	if v < uint64(len(n.before[s])) {
		n.before[s][v] = max(n.before[s][v], stamp)
	}
}

// atLeast notes that a return at that stamp needs a length of at least v.
func (n *narrowing) atLeast(s int, v uint64, stamp int64) {
	if v = min(v, uint64(len(n.behind[s]))); v > 0 {
		n.behind[s][v-1] = min(n.behind[s][v-1], stamp)
	}
}

func (n *narrowing) note(op *porcupine.Operation) {
	st := op.Input.(*step)
	for _, p := range st.pushes {
		n.pushed[p.stream]++
	}
	for _, e := range st.expect {
		n.atMost(e.stream, e.version, op.Call)
		n.atLeast(e.stream, e.version+uint64(n.pushed[e.stream]), op.Return)
	}
	for _, p := range st.pushes {
		n.pushed[p.stream] = 0
	}
	global := len(n.before) - 1
	if st.rank >= 0 {
		n.atMost(global, uint64(st.rank), op.Call)
		n.atLeast(global, uint64(st.rank+len(st.pushes)), op.Return)
	}
	end := st.after + uint64(len(st.ids))
	switch st.kind {
	case exactRead:
		n.atMost(st.stream, end, op.Call)
		if len(st.ids) > 0 {
			n.atLeast(st.stream, end, op.Return)
		}
	case prefixRead:
		n.atLeast(st.stream, end, op.Return)
	case globalRead:
		n.atMost(global, uint64(st.high), op.Call)
		n.atLeast(global, uint64(st.low), op.Return)
	case noRead:
	}
}

// close carries what is known of one length over to the others.
func (n *narrowing) close() {
	for s := range n.before {
		before, behind := n.before[s], n.behind[s]
		for v := 1; v < len(before); v++ {
			before[v] = max(before[v], before[v-1])
		}
		for v := len(behind) - 2; v >= 0; v-- {
			behind[v] = min(behind[v], behind[v+1])
		}
	}
}

// confine returns a call with its interval narrowed. Stamps are doubled, so that there
// is room directly behind each.
func (n *narrowing) confine(op *porcupine.Operation) porcupine.Operation {
	st := op.Input.(*step)
	confined := *op
	from, to := op.Call, op.Return
	for _, p := range st.pushes {
		n.pushed[p.stream]++
	}
	for _, e := range st.expect {
		if n.pushed[e.stream] > 0 && e.version < uint64(len(n.before[e.stream])) {
			from = max(from, n.before[e.stream][e.version])
			to = min(to, n.behind[e.stream][e.version])
		}
	}
	for _, p := range st.pushes {
		n.pushed[p.stream] = 0
	}
	if global := len(n.before) - 1; st.rank >= 0 && len(st.pushes) > 0 && st.rank < len(n.before[global]) {
		from = max(from, n.before[global][st.rank])
		to = min(to, n.behind[global][st.rank])
	}
	confined.Call = 2 * from
	if from > op.Call {
		confined.Call++
	}
	if confined.Return = Never; to != Never {
		confined.Return = 2 * to
	}
	return confined
}
