package sim

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// Footprint says what a step touched, so that an explorer can tell steps whose order
// matters from those whose order cannot.
type Footprint struct {
	// Reads and Writes are sets of streams, numbered in the order of the program, and of
	// the global order.
	Reads, Writes uint64
	// Calls: a store call began. Returns: one ended.
	Calls, Returns bool
	// Unknown: the step may have touched anything.
	Unknown bool
}

// globalOrder stands for the global order in a set of streams, otherStreams for all that the
// program does not name or that are too many to have a number of their own.
const (
	globalOrder  = 1 << 63
	otherStreams = 62
)

// Local says that the step touched nothing that others can see.
func (f Footprint) Local() bool { return f == Footprint{} }

// Depends says that the order of the two steps, of different tasks, may matter. It does not
// where both only read, where they touch different streams, and where one of them does
// nothing that others can see. That a call returned before another one began is seen by
// checkers.
func (f Footprint) Depends(other Footprint) bool {
	switch {
	case f.Local() || other.Local():
		return false
	case f.Unknown || other.Unknown:
		return true
	case f.Calls && other.Returns || f.Returns && other.Calls:
		return true
	default:
		return f.Writes&(other.Reads|other.Writes) != 0 || f.Reads&other.Writes != 0
	}
}

// bit returns the set that has only that stream.
func (t *task) bit(id eventcore.StreamID) uint64 {
	if n, known := t.world.streams[id]; known {
		return 1 << n
	}
	return 1 << otherStreams
}

// numbered gives the streams of a program numbers, which are the same in every run of it.
func numbered(p *scenarios.Program) map[eventcore.StreamID]int {
	streams := make(map[eventcore.StreamID]int)
	for _, ops := range append([][]scenarios.Op{p.Setup}, p.Clients...) {
		for i := range ops {
			for _, id := range slices.Concat(ops[i].Streams, ops[i].Reads) {
				if _, known := streams[id]; !known && len(streams) < otherStreams {
					streams[id] = len(streams)
				}
			}
		}
	}
	return streams
}

// appends notes an append. Where there is a global order, any two that write are ordered
// in it.
func (t *task) appends(writes *eventcore.Writes, ordered bool) {
	if t.world.explorer == nil {
		return
	}
	for _, p := range writes.Participants() {
		t.did.Reads |= t.bit(p.Stream)
	}
	for i := range writes.Events() {
		t.did.Writes |= t.bit(writes.Participants()[writes.Events()[i].Participant].Stream)
	}
	if ordered && len(writes.Events()) > 0 {
		t.did.Writes |= globalOrder
	}
}
