package linearizability

import (
	"math"

	"github.com/anishathalye/porcupine"
)

// narrow returns the calls of a component confined to where the versions of streams put
// them: behind the calls of those that must come before, ahead of the returns of those
// that must come behind. porcupine tries calls by the time of their beginning, so with
// the narrow ones its first guess is nearly always right, however many clients there are.
//
// The new intervals lie in the old ones: an order that explains the narrow calls explains
// the real ones, whatever narrow got wrong. False means that a call has no room left. The
// calls are valid until another component of the same history is narrowed.
func narrow(c *component) ([]porcupine.Operation, bool) {
	n := c.narrowing
	n.set(c)
	for i := range c.ops {
		n.note(&c.ops[i])
	}
	for s := range n.of {
		n.of[s].close()
	}
	n.ops = zeroed(n.ops, len(c.ops))
	ops := n.ops
	for i := range c.ops {
		ops[i] = n.confine(&c.ops[i])
		if ops[i].Call > ops[i].Return {
			return nil, false
		}
	}
	return ops, true
}

// narrowing has what is demanded of the lengths of each stream, and last of the global
// order.
type narrowing struct {
	of []demands
	// What follows is scratch space.
	spans   []span
	lengths []int
	bounds  []int64
	ops     []porcupine.Operation
}

// span: a call found a stream, or the global order, at a length from low to high, and
// left it at low+grow if it is an append.
type span struct {
	of              int
	low, high, grow uint64
}

// demands says by length of one stream what calls demand of the order.
type demands struct {
	// made is the last call of the appends that are needed for a length.
	made []int64
	// last is the last call that needs the stream not to be longer.
	last []int64
	// longer is the first return of a call that needs it to be longer.
	longer []int64
}

// set makes it that of a component.
func (n *narrowing) set(c *component) {
	global := len(c.streams)
	n.lengths = zeroed(n.lengths, global+1)
	lengths := n.lengths
	total := global + 1
	for i := range c.ops {
		for _, p := range c.ops[i].Input.(*step).pushes {
			lengths[p.stream]++
			lengths[global]++
			total += 2
		}
	}
	n.of, n.bounds = zeroed(n.of, global+1), zeroed(n.bounds, 3*total)
	all := n.bounds
	for s, length := range lengths {
		d := &n.of[s]
		for _, field := range []*[]int64{&d.made, &d.last, &d.longer} {
			*field, all = all[:length+1], all[length+1:]
		}
		for v := range d.longer {
			d.longer[v] = Never
		}
	}
}

// find returns what a step demands. The slice is valid until the next call.
func (n *narrowing) find(st *step) []span {
	n.spans = n.spans[:0]
	for _, e := range st.expect {
		n.spans = append(n.spans, span{of: e.stream, low: e.version, high: e.version})
	}
	for _, p := range st.pushes {
		for i := range n.spans {
			if n.spans[i].of == p.stream {
				n.spans[i].grow++
			}
		}
	}
	global, end := len(n.of)-1, st.after+uint64(len(st.ids))
	if st.rank >= 0 {
		n.spans = append(n.spans, span{global, uint64(st.rank), uint64(st.rank), uint64(len(st.pushes))})
	}
	switch {
	case st.kind == globalRead:
		n.spans = append(n.spans, span{of: global, low: uint64(st.low), high: uint64(st.high)})
	case st.kind == exactRead && len(st.ids) == 0:
		n.spans = append(n.spans, span{of: st.stream, high: end})
	case st.kind == exactRead:
		n.spans = append(n.spans, span{of: st.stream, low: end, high: end})
	case st.kind == prefixRead:
		n.spans = append(n.spans, span{of: st.stream, low: end, high: math.MaxUint64})
	}
	return n.spans
}

func (n *narrowing) note(op *porcupine.Operation) {
	for _, s := range n.find(op.Input.(*step)) {
		d := &n.of[s.of]
		length := uint64(len(d.made))
		if s.high < length {
			d.last[s.high] = max(d.last[s.high], op.Call)
		}
		if end := min(s.low+s.grow, length); end > 0 {
			d.longer[end-1] = min(d.longer[end-1], op.Return)
		}
		if s.grow > 0 && s.low+1 < length {
			d.made[s.low+1] = max(d.made[s.low+1], op.Call)
		}
	}
}

// close carries what is known of one length over to the others.
func (d *demands) close() {
	for v := 1; v < len(d.last); v++ {
		d.last[v] = max(d.last[v], d.last[v-1])
		d.made[v] = max(d.made[v], d.made[v-1])
	}
	for v := len(d.longer) - 2; v >= 0; v-- {
		d.longer[v] = min(d.longer[v], d.longer[v+1])
	}
}

// confine returns a call with its interval narrowed. Stamps are doubled, so that there
// is room directly behind each.
func (n *narrowing) confine(op *porcupine.Operation) porcupine.Operation {
	from, to := op.Call, op.Return
	for _, s := range n.find(op.Input.(*step)) {
		d := &n.of[s.of]
		if s.low < uint64(len(d.made)) {
			from = max(from, d.made[s.low])
		}
		if s.high < uint64(len(d.made)) {
			to = min(to, d.longer[s.high])
			if s.grow > 0 {
				from = max(from, d.last[s.high])
			}
		}
	}
	confined := *op
	confined.Call = 2 * from
	if from > op.Call {
		confined.Call++
	}
	if confined.Return = Never; to != Never {
		confined.Return = 2 * to
	}
	return confined
}
