package dag

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Bases returns, for each transaction, how many events of each of its streams are in
// transactions before it: the versions that it extends.
func (g *Graph) Bases() map[eventcore.EventID][]int {
	streams := make(map[eventcore.StreamID]tally)
	bases := make(map[eventcore.EventID][]int, len(g.order))
	for _, p := range g.order {
		of := make([]int, len(p.Streams))
		for i, id := range p.Streams {
			t := streams[id]
			if t == nil {
				t = make(tally)
				streams[id] = t
			}
			of[i] = t.before(p)
			t.add(p, p.Events[i])
		}
		bases[p.ID] = of
	}
	return bases
}

// tally has, for each chain, the events of one stream up to places in it.
type tally map[int][]upTo

type upTo struct{ place, events int }

func (t tally) before(p *placed) (events int) {
	for chain, n := range p.behind {
		sums := t[chain]
		at, _ := slices.BinarySearchFunc(sums, n+1, func(u upTo, place int) int { return u.place - place })
		if at > 0 {
			events += sums[at-1].events
		}
	}
	return events
}

func (t tally) add(p *placed, events int) {
	sums := t[p.chain]
	if n := len(sums); n > 0 {
		events += sums[n-1].events
	}
	t[p.chain] = append(sums, upTo{p.place, events})
}
