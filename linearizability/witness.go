package linearizability

import (
	"cmp"
	"slices"

	"github.com/anishathalye/porcupine"
)

// witness is scratch space for the first guess: the order of narrowed calls by the time of
// their beginning. Each then has its effect within its interval, so that the order keeps to
// real time; where the model goes along with it, it is the order that porcupine looks for.
// porcupine would find it too, at twenty times the price.
type witness struct {
	order []int32
	nodes []node
	heads []*node
}

// explains says whether the first guess explains the calls. If not, another order may.
func (w *witness) explains(streams int, ops []porcupine.Operation) bool {
	w.order = zeroed(w.order, len(ops))
	pushes := 0
	for i := range ops {
		w.order[i] = int32(i)
		pushes += len(ops[i].Input.(*step).pushes)
	}
	slices.SortStableFunc(w.order, func(a, b int32) int { return cmp.Compare(ops[a].Call, ops[b].Call) })
	w.nodes, w.heads = zeroed(w.nodes, pushes), zeroed(w.heads, streams)
	m := &machine{nodes: w.nodes, block: machineBlock}
	s := &state{machine: m, heads: w.heads}
	for _, i := range w.order {
		st := ops[i].Input.(*step)
		if !st.possible(s) {
			return false
		}
		m.take(s, st)
	}
	return true
}
