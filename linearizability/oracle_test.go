package linearizability_test

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// oracle decides by trying every order of the calls. It shares nothing with the
// package but the type of a history, and is slow.
type oracle struct {
	ops   []linearizability.Operation // those of clients
	final *linearizability.Final
	// global says that the calls must explain the global order too.
	global  bool
	done    []bool
	streams map[eventcore.StreamID][]eventcore.EventID
	log     []eventcore.EventID
	info    map[eventcore.EventID]eventcore.Recorded
}

func newOracle(ops []linearizability.Operation, final *linearizability.Final, global bool) *oracle {
	o := &oracle{
		ops: ops, final: final, global: global, done: make([]bool, len(ops)),
		streams: make(map[eventcore.StreamID][]eventcore.EventID), info: make(map[eventcore.EventID]eventcore.Recorded),
	}
	for _, events := range final.Streams {
		for _, e := range events {
			o.info[e.ID] = e
		}
	}
	return o
}

// linearizable says whether some order explains the history.
func (o *oracle) linearizable() bool { return o.finalIsSane() && o.search() }

func (o *oracle) finalIsSane() bool {
	for id, events := range o.final.Streams {
		for v, e := range events {
			if e.Stream != id || int(e.Version) != v+1 || o.info[e.ID].Version != e.Version || o.info[e.ID].Stream != id {
				return false
			}
		}
	}
	if !o.global {
		return true
	}
	for rank, e := range o.final.Global {
		at, there := o.info[e.ID]
		if !there || at.Stream != e.Stream || at.Version != e.Version || at.Position != e.Position {
			return false
		}
		if rank > 0 && e.Position.Compare(o.final.Global[rank-1].Position) <= 0 {
			return false
		}
	}
	return true
}

func (o *oracle) search() bool {
	rest, soonest := false, int64(linearizability.Never)
	for i := range o.ops {
		if !o.done[i] {
			rest = rest || !o.optional(i)
			if o.ops[i].Kind != linearizability.Append || o.ops[i].Outcome != eventcore.OutcomeUnknown {
				soonest = min(soonest, o.ops[i].Return)
			}
		}
	}
	if !rest && o.matchesFinal() {
		return true
	}
	for i := range o.ops {
		if o.done[i] || o.ops[i].Call > soonest || !o.possible(&o.ops[i]) {
			continue
		}
		o.done[i] = true
		o.push(&o.ops[i])
		if o.search() {
			return true
		}
		o.pop(&o.ops[i])
		o.done[i] = false
	}
	return false
}

// optional: an append of unknown outcome need not happen.
func (o *oracle) optional(i int) bool {
	return o.ops[i].Kind == linearizability.Append && o.ops[i].Outcome == eventcore.OutcomeUnknown
}

func (o *oracle) matchesFinal() bool {
	for id, events := range o.final.Streams {
		if !sameIDs(events, o.streams[id]) {
			return false
		}
	}
	return !o.global || sameIDs(o.final.Global, o.log)
}

func sameIDs(events []eventcore.Recorded, ids []eventcore.EventID) bool {
	return slices.EqualFunc(events, ids, func(e eventcore.Recorded, id eventcore.EventID) bool { return e.ID == id })
}

func (o *oracle) version(id eventcore.StreamID) eventcore.Version {
	return eventcore.Version(len(o.streams[id]))
}

func (o *oracle) possible(op *linearizability.Operation) bool {
	switch {
	case op.Kind != linearizability.Append:
		return o.readable(op)
	case op.Outcome == eventcore.OutcomeNotApplied:
		return op.Conflict == nil || o.conflicts(op)
	}
	for _, p := range op.Participants {
		if o.version(p.Stream) != p.Expected {
			return false
		}
	}
	return op.Outcome == eventcore.OutcomeUnknown || o.resultRight(op)
}

func (o *oracle) conflicts(op *linearizability.Operation) bool {
	for _, p := range op.Participants {
		if p.Stream == op.Conflict.Stream && p.Expected == op.Conflict.Expected {
			return op.Conflict.ActualUnknown || op.Conflict.Actual != p.Expected && op.Conflict.Actual == o.version(p.Stream)
		}
	}
	return false
}

func (o *oracle) resultRight(op *linearizability.Operation) bool {
	var want []eventcore.StreamVersion
	for _, p := range op.Participants {
		if p.Events > 0 {
			want = append(want, eventcore.StreamVersion{Stream: p.Stream, Version: p.Expected + eventcore.Version(p.Events)})
		}
	}
	if !slices.Equal(want, op.Appended.Streams) {
		return false
	}
	var last eventcore.Position
	if n := len(op.Events); n > 0 {
		last = o.info[op.Events[n-1].ID].Position
	}
	return op.Appended.Last == last
}

func (o *oracle) readable(op *linearizability.Operation) bool {
	var want []linearizability.Seen
	if op.Kind == linearizability.ReadStream {
		for v, id := range o.streams[op.Stream] {
			if eventcore.Version(v) >= op.After {
				want = append(want, linearizability.Seen{ID: id, Stream: op.Stream, Version: eventcore.Version(v) + 1, Position: o.info[id].Position})
			}
		}
	} else {
		for _, id := range o.log {
			if e := o.info[id]; e.Position.Compare(op.Position) > 0 && op.Filter.Match(e.Stream, e.Type) {
				want = append(want, linearizability.Seen{ID: id, Stream: e.Stream, Version: e.Version, Position: e.Position})
			}
		}
		if op.Limit > 0 && len(op.Seen) > op.Limit {
			return false
		}
	}
	if op.End == linearizability.Complete {
		return slices.Equal(op.Seen, want)
	}
	return len(op.Seen) <= len(want) && slices.Equal(op.Seen, want[:len(op.Seen)])
}

func (o *oracle) push(op *linearizability.Operation) {
	if op.Kind != linearizability.Append || op.Outcome == eventcore.OutcomeNotApplied {
		return
	}
	for _, e := range op.Events {
		id := op.Participants[e.Participant].Stream
		o.streams[id] = append(o.streams[id], e.ID)
		o.log = append(o.log, e.ID)
	}
}

func (o *oracle) pop(op *linearizability.Operation) {
	if op.Kind != linearizability.Append || op.Outcome == eventcore.OutcomeNotApplied {
		return
	}
	for _, e := range op.Events {
		id := op.Participants[e.Participant].Stream
		o.streams[id] = o.streams[id][:len(o.streams[id])-1]
		o.log = o.log[:len(o.log)-1]
	}
}
