package linearizability

import (
	"slices"
	"strings"
)

// filterIndex finds the events of the global order that filters select. Many reads
// share few filters, and a filter may select few events: looking for the next one
// again for each read would take time quadratic in the history.
type filterIndex struct {
	log *finalLog
	// types has the number of each type, and of each event in the global order that
	// of its type; they are numbered when the first filter needs them.
	types map[string]int32
	typed []int32
	ranks map[filterKey][]int32
}

type filterKey struct{ prefix, pattern, types string }

// maxFilters bounds the memory: further filters go through the global order anew each
// time.
const maxFilters = 64

func newFilterIndex(l *finalLog) *filterIndex {
	return &filterIndex{log: l, ranks: make(map[filterKey][]int32)}
}

// follow goes along the global order with a read of it. It returns the length that the
// order must have had for what was seen, the rank of the next matching event, and
// whether the read had each one in turn. Ranks are those of a sound global order.
func (x *filterIndex) follow(op *Operation) (low, next int, fits bool) {
	global := x.log.history.Final.Global
	start := x.log.rankAfter(op.Position)
	ranks, known := x.matching(op)
	if !known {
		next, fits = x.log.follow(op)
		if n := len(op.Seen); fits && n > 0 {
			low = x.log.rankAfter(op.Seen[n-1].Position)
		}
		return low, next, fits
	}
	at := func(n int) int { // the rank of the n-th event behind the cursor
		if ranks == nil {
			return start + n
		}
		if n >= len(ranks) {
			return len(global)
		}
		return int(ranks[n])
	}
	if ranks != nil {
		from, _ := slices.BinarySearch(ranks, int32(start))
		ranks = ranks[from:]
	}
	for s := range op.Seen {
		rank := at(s)
		if rank >= len(global) {
			return 0, rank, false
		}
		seen, e := &op.Seen[s], &global[rank]
		if e.ID != seen.ID || e.Position != seen.Position || e.Version != seen.Version || e.Stream != seen.Stream {
			return 0, rank, false
		}
		low = rank + 1
	}
	return low, at(len(op.Seen)), true
}

// matching returns the ranks of the events that the filter of a read selects, nil for
// all, and whether they are known.
func (x *filterIndex) matching(op *Operation) ([]int32, bool) {
	f := &op.Filter
	if f.IsZero() {
		return nil, true
	}
	key := filterKey{f.Prefix.String(), f.Pattern.String(), strings.Join(f.Types, "\x00")}
	ranks, known := x.ranks[key]
	if !known && len(x.ranks) < maxFilters {
		ranks, known = x.find(op), true
		x.ranks[key] = ranks
	}
	return ranks, known
}

// find goes through the global order. It asks the filter once for each stream and each
// type.
func (x *filterIndex) find(op *Operation) []int32 {
	l := x.log
	x.numberTypes()
	byStream := op.Filter
	byStream.Types = nil
	streams := make([]bool, len(l.names))
	for s, id := range l.names {
		streams[s] = byStream.Match(id, "")
	}
	types := make([]bool, len(x.types))
	for name, n := range x.types {
		types[n] = len(op.Filter.Types) == 0 || slices.Contains(op.Filter.Types, name)
	}
	ranks := []int32{} // not nil, which means all
	for rank, n := range l.ranks {
		if types[x.typed[rank]] && streams[l.sent[n].stream] {
			ranks = append(ranks, int32(rank))
		}
	}
	return ranks
}

func (x *filterIndex) numberTypes() {
	if x.types != nil {
		return
	}
	global := x.log.history.Final.Global
	x.types, x.typed = make(map[string]int32), make([]int32, len(global))
	for rank := range global {
		n, known := x.types[global[rank].Type]
		if !known {
			n = int32(len(x.types))
			x.types[global[rank].Type] = n
		}
		x.typed[rank] = n
	}
}
