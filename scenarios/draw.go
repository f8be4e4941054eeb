package scenarios

import (
	"math/rand/v2"
	"strconv"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// draw is what generators draw from.
type draw struct {
	*rand.Rand
	params Params
	pools
	// client is the one whose operations are drawn.
	client int
}

// pools are the streams of a program: main is what operations are about, others is
// a second sort where the scenario has one.
type pools struct{ main, others []eventcore.StreamID }

// pool names n streams, as "account/1".
func pool(sort string, n int) []eventcore.StreamID {
	ids := make([]eventcore.StreamID, n)
	for i := range ids {
		ids[i] = eventcore.MustStreamID(sort + "/" + strconv.Itoa(i+1))
	}
	return ids
}

// upTo returns a number from 1 to n.
func (d *draw) upTo(n int) int { return 1 + d.IntN(max(1, n)) }

// one returns one of ids, as a slice.
func (d *draw) one(ids []eventcore.StreamID) []eventcore.StreamID {
	i := d.IntN(len(ids))
	return ids[i : i+1 : i+1]
}

// some returns n of ids, or all there are, each once and in random order.
func (d *draw) some(ids []eventcore.StreamID, n int) []eventcore.StreamID {
	order := d.Perm(len(ids))
	picked := make([]eventcore.StreamID, min(n, len(ids)))
	for i := range picked {
		picked[i] = ids[order[i]]
	}
	return picked
}

// oneAndOthers returns one of ids, and all the others.
func (d *draw) oneAndOthers(ids []eventcore.StreamID) (one, others []eventcore.StreamID) {
	i := d.IntN(len(ids))
	others = append(append(others, ids[:i]...), ids[i+1:]...)
	return ids[i : i+1 : i+1], others
}

// oneEach makes one operation for each stream: what set-ups are made of.
func oneEach(do string, ids []eventcore.StreamID, amount int64) []Op {
	ops := make([]Op, len(ids))
	for i := range ids {
		ops[i] = Op{Do: do, Streams: ids[i : i+1 : i+1], Amount: amount}
	}
	return ops
}
