package linearizability_test

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// draft is a history before the calls of its final read are added.
type draft struct {
	ops   []linearizability.Operation
	final *linearizability.Final
}

func draftOf(h linearizability.History) draft {
	d := draft{final: h.Final}
	for _, op := range h.Operations {
		if op.Client == linearizability.FinalClient {
			continue
		}
		// Room between the stamps, so that calls can be moved.
		op.Call *= 8
		if op.Return != linearizability.Never {
			op.Return *= 8
		}
		op.Seen, op.Events, op.Participants = slices.Clone(op.Seen), slices.Clone(op.Events), slices.Clone(op.Participants)
		op.Appended.Streams = slices.Clone(op.Appended.Streams)
		d.ops = append(d.ops, op)
	}
	return d
}

func (d *draft) history() linearizability.History {
	slices.SortFunc(d.ops, func(a, b linearizability.Operation) int { return int(a.Call - b.Call) })
	return closed(d.ops, d.final)
}

// mutations change a draft into one that may be illegal.
func mutations() []func(*draft, *linearizability.Operation, choose) {
	return []func(*draft, *linearizability.Operation, choose){
		dropSeen, swapSeen, shortenRead, completeRead, moveRead, shiftVersion, repeatSeen, changePosition,
		moveCall, moveReturn, swapResults, flipOutcome, changeConflict, changeResult, changeExpected, changeFinal,
	}
}

func dropSeen(_ *draft, op *linearizability.Operation, pick choose) {
	if n := len(op.Seen); n > 0 {
		i := pick(n)
		op.Seen = slices.Delete(op.Seen, i, i+1)
	}
}

func swapSeen(_ *draft, op *linearizability.Operation, pick choose) {
	if n := len(op.Seen); n > 1 {
		i, j := pick(n), pick(n)
		op.Seen[i], op.Seen[j] = op.Seen[j], op.Seen[i]
		if pick(2) == 0 {
			op.Seen[i].Version, op.Seen[j].Version = op.Seen[j].Version, op.Seen[i].Version
		}
	}
}

func shortenRead(_ *draft, op *linearizability.Operation, pick choose) {
	op.Seen = op.Seen[:pick(len(op.Seen)+1)]
}

func completeRead(_ *draft, op *linearizability.Operation, pick choose) {
	if op.Kind != linearizability.Append {
		op.End = linearizability.End(1 + pick(3))
	}
}

func moveRead(_ *draft, op *linearizability.Operation, pick choose) {
	op.After = eventcore.Version(pick(4))
	op.Position = eventcore.NewPosition(0, uint64(pick(6))*10)
}

func shiftVersion(_ *draft, op *linearizability.Operation, pick choose) {
	if n := len(op.Seen); n > 0 {
		op.Seen[pick(n)].Version++
	}
}

func repeatSeen(_ *draft, op *linearizability.Operation, pick choose) {
	if n := len(op.Seen); n > 0 {
		again := op.Seen[pick(n)]
		again.Version = op.Seen[n-1].Version + 1
		op.Seen = append(op.Seen, again)
	}
}

func changePosition(_ *draft, op *linearizability.Operation, pick choose) {
	if n := len(op.Seen); n > 0 {
		op.Seen[pick(n)].Position = eventcore.NewPosition(0, uint64(pick(6))*10)
	}
}

func (d *draft) free(stamp int64) bool {
	return stamp > 0 && !slices.ContainsFunc(d.ops, func(op linearizability.Operation) bool { return op.Call == stamp || op.Return == stamp })
}

func moveCall(d *draft, op *linearizability.Operation, pick choose) {
	if to := op.Call - int64(pick(120)) + 60; to < op.Return && d.free(to) {
		op.Call = to
	}
}

func moveReturn(d *draft, op *linearizability.Operation, pick choose) {
	if to := op.Return - int64(pick(120)) + 60; op.Return != linearizability.Never && op.Call < to && d.free(to) {
		op.Return = to
	}
}

func swapResults(d *draft, op *linearizability.Operation, pick choose) {
	other := &d.ops[pick(len(d.ops))]
	if other.Kind == op.Kind && op.Kind != linearizability.Append {
		op.Seen, other.Seen = other.Seen, op.Seen
		op.End, other.End = other.End, op.End
	}
}

func flipOutcome(_ *draft, op *linearizability.Operation, pick choose) {
	if op.Kind == linearizability.Append {
		op.Outcome, op.Conflict = eventcore.Outcome(pick(3)), nil
	}
}

func changeConflict(_ *draft, op *linearizability.Operation, pick choose) {
	if op.Conflict == nil {
		return
	}
	c := *op.Conflict
	op.Conflict = &c
	switch pick(3) {
	case 0:
		c.Actual = eventcore.Version(pick(4))
	case 1:
		c.Expected = eventcore.Version(pick(4))
	default:
		c.Stream = eventcore.MustStreamID("s-1")
	}
}

func changeResult(_ *draft, op *linearizability.Operation, pick choose) {
	switch {
	case op.Kind != linearizability.Append || op.Outcome != eventcore.OutcomeApplied:
	case pick(2) == 0:
		op.Appended.Last = eventcore.NewPosition(0, uint64(pick(6))*10)
	case len(op.Appended.Streams) > 0 && pick(2) == 0:
		op.Appended.Streams[0].Version++
	default:
		op.Appended.Streams = op.Appended.Streams[:len(op.Appended.Streams)/2]
	}
}

func changeExpected(_ *draft, op *linearizability.Operation, pick choose) {
	if n := len(op.Participants); n > 0 {
		p := pick(n)
		op.Participants[p].Expected = eventcore.Version(pick(4))
	}
}

// changeFinal drops or swaps events of the final streams, or of the global order.
func changeFinal(d *draft, _ *linearizability.Operation, pick choose) {
	f := &linearizability.Final{Streams: make(map[eventcore.StreamID][]eventcore.Recorded), Global: slices.Clone(d.final.Global)}
	for id, events := range d.final.Streams {
		f.Streams[id] = slices.Clone(events)
	}
	d.final = f
	id := eventcore.MustStreamID("s-0")
	events, n := f.Streams[id], len(f.Streams[id])
	switch pick(4) {
	case 0:
		if n > 0 {
			f.Streams[id] = events[:n-1]
			f.Global = slices.DeleteFunc(f.Global, func(e eventcore.Recorded) bool { return e.ID == events[n-1].ID })
		}
	case 1:
		if n > 1 {
			events[0].ID, events[1].ID = events[1].ID, events[0].ID
		}
	case 2:
		if n > 0 {
			again := events[pick(n)]
			again.Version = eventcore.Version(n + 1)
			f.Streams[id] = append(events, again)
		}
	default:
		if g := len(f.Global); g > 1 {
			i, j := pick(g), pick(g)
			f.Global[i], f.Global[j] = f.Global[j], f.Global[i]
		}
	}
}
