package linearizability_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// choose returns a number in [0, n).
type choose func(n int) int

func seeded(seed uint64) choose { return rand.New(rand.NewPCG(seed, 7)).IntN }

// shape is what a generated execution looks like.
type shape struct {
	clients, ops, streams int
	// unknown is the share of appends, in percent, whose outcome the client does not
	// learn; partial that of reads that fail or stop early; global that of reads of
	// the global order.
	unknown, partial, global int
	// ordered says that the store has a global order.
	ordered bool
	// window bounds the events of a read: it begins at most so far behind the end.
	window int
}

// atomicStore is the simplest store there can be.
type atomicStore struct {
	streams map[eventcore.StreamID][]eventcore.Recorded
	global  []eventcore.Recorded
	ordered bool
}

func (s *atomicStore) append(op *linearizability.Operation) bool {
	for _, p := range op.Participants {
		if at := eventcore.Version(len(s.streams[p.Stream])); at != p.Expected {
			op.Conflict = &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: at}
			return false
		}
	}
	for _, e := range op.Events {
		id := op.Participants[e.Participant].Stream
		r := eventcore.Recorded{ID: e.ID, Stream: id, Version: eventcore.Version(len(s.streams[id])) + 1, Type: e.Type}
		if s.ordered {
			r.Position = eventcore.NewPosition(0, uint64(len(s.global)+1)*10)
			op.Appended.Last = r.Position
		}
		s.streams[id] = append(s.streams[id], r)
		s.global = append(s.global, r)
	}
	for _, p := range op.Participants {
		if p.Events > 0 {
			op.Appended.Streams = append(op.Appended.Streams, eventcore.StreamVersion{Stream: p.Stream, Version: p.Expected + eventcore.Version(p.Events)})
		}
	}
	return true
}

func seenOf(events []eventcore.Recorded) []linearizability.Seen {
	var seen []linearizability.Seen
	for _, e := range events {
		seen = append(seen, linearizability.Seen{ID: e.ID, Stream: e.Stream, Version: e.Version, Position: e.Position})
	}
	return seen
}

func (s *atomicStore) read(op *linearizability.Operation) {
	op.End = linearizability.Complete
	if op.Kind == linearizability.ReadStream {
		events := s.streams[op.Stream]
		op.Seen = seenOf(events[min(int(op.After), len(events)):])
		return
	}
	for _, e := range s.global {
		if e.Position.Compare(op.Position) > 0 && op.Filter.Match(e.Stream, e.Type) {
			op.Seen = append(op.Seen, seenOf([]eventcore.Recorded{e})...)
		}
		if op.Limit > 0 && len(op.Seen) == op.Limit {
			op.End = linearizability.Stopped
			return
		}
	}
}

// pending is a call under way.
type pending struct {
	op *linearizability.Operation
	// done: it has taken its effect. lost: the client will not learn its outcome.
	// never: it will have no effect.
	done, lost, never, partial bool
}

// execution makes a legal history: each call takes effect at one moment between its
// call and its return, or later if its outcome is unknown.
type execution struct {
	shape
	pick   choose
	store  atomicStore
	clock  int64
	events int
	ops    []*linearizability.Operation
	busy   []*pending
	ghosts []*pending // returned with unknown outcome, and yet to take effect
}

func generate(pick choose, s shape) linearizability.History {
	e := &execution{shape: s, pick: pick, busy: make([]*pending, s.clients)}
	e.store = atomicStore{streams: make(map[eventcore.StreamID][]eventcore.Recorded), ordered: s.ordered}
	for len(e.ops) < s.ops || e.underWay() {
		e.stepClient(pick(s.clients))
		if len(e.ghosts) > 0 && pick(4) == 0 {
			e.effect(e.ghosts[0])
			e.ghosts = e.ghosts[1:]
		}
	}
	for _, g := range e.ghosts {
		e.effect(g)
	}
	return e.history()
}

func (e *execution) underWay() bool {
	return slices.ContainsFunc(e.busy, func(p *pending) bool { return p != nil })
}

func (e *execution) stepClient(c int) {
	p := e.busy[c]
	switch {
	case p == nil && len(e.ops) < e.shape.ops:
		e.clock++
		e.busy[c] = e.begin()
		e.busy[c].op.Client, e.busy[c].op.Call, e.busy[c].op.Return = c, e.clock, linearizability.Never
		e.ops = append(e.ops, e.busy[c].op)
	case p == nil:
	case !p.done && (!p.lost || e.pick(2) == 0):
		e.effect(p)
	default:
		e.end(p)
		e.busy[c] = nil
	}
}

func (e *execution) begin() *pending {
	if e.pick(100) < e.global {
		return e.beginAll()
	}
	if e.pick(2) == 0 {
		op := &linearizability.Operation{Kind: linearizability.ReadStream, Stream: e.stream()}
		if n := len(e.store.streams[op.Stream]); n > 0 && e.pick(2) == 0 {
			op.After = eventcore.Version(e.pick(n + 2))
		}
		if n := len(e.store.streams[op.Stream]); e.window > 0 && n > e.window {
			op.After = max(op.After, eventcore.Version(n-e.window))
		}
		return &pending{op: op, partial: e.pick(100) < e.partial}
	}
	return e.beginAppend()
}

func (e *execution) stream() eventcore.StreamID {
	return eventcore.MustStreamID(fmt.Sprintf("s-%d", e.pick(e.streams)))
}

func (e *execution) beginAppend() *pending {
	op := &linearizability.Operation{Kind: linearizability.Append}
	for n := 1 + e.pick(2); n > 0; n-- {
		id := e.stream()
		if slices.ContainsFunc(op.Participants, func(p eventcore.Participant) bool { return p.Stream == id }) {
			continue
		}
		p := eventcore.Participant{Stream: id, Expected: eventcore.Version(len(e.store.streams[id])), Events: e.pick(3)}
		if e.pick(8) == 0 {
			p.Expected++
		}
		for range p.Events {
			op.Events = append(op.Events, e.event(len(op.Participants)))
		}
		op.Participants = append(op.Participants, p)
	}
	lost := e.pick(100) < e.unknown
	return &pending{op: op, lost: lost, never: lost && e.pick(2) == 0}
}

func (e *execution) event(participant int) linearizability.Event {
	e.events++
	return linearizability.Event{ID: eventID(e.events), Participant: participant, Type: []string{"x", "y"}[e.pick(2)]}
}

func eventID(n int) eventcore.EventID {
	var id eventcore.EventID
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func (e *execution) beginAll() *pending {
	op := &linearizability.Operation{Kind: linearizability.ReadAll}
	if n := len(e.store.global); n > 0 && e.pick(3) > 0 {
		op.Position = e.store.global[e.pick(n)].Position
	}
	op.Limit = e.pick(3)
	switch e.pick(3) {
	case 0:
		op.Filter.Types = []string{"x"}
	case 1:
		op.Filter.Prefix = mustPrefix("s-1")
	}
	return &pending{op: op, partial: e.pick(100) < e.partial}
}

func mustPrefix(s string) eventcore.StreamPrefix {
	p, err := eventcore.ParseStreamPrefix(s)
	if err != nil {
		panic(err)
	}
	return p
}

// effect is the one moment at which the call happens.
func (e *execution) effect(p *pending) {
	p.done = true
	switch {
	case p.op.Kind != linearizability.Append:
		e.store.read(p.op)
		if p.partial {
			p.op.Seen = p.op.Seen[:e.pick(len(p.op.Seen)+1)]
			p.op.End = []linearizability.End{linearizability.Failed, linearizability.Stopped}[e.pick(2)]
		}
	case p.never:
	case p.lost:
		// The client learns nothing of what this leaves in the operation.
		trial := *p.op
		e.store.append(&trial)
	default:
		p.op.Outcome = eventcore.OutcomeNotApplied
		if e.store.append(p.op) {
			p.op.Outcome = eventcore.OutcomeApplied
		} else if e.pick(6) == 0 {
			p.op.Conflict = &eventcore.VersionConflict{Stream: p.op.Conflict.Stream, Expected: p.op.Conflict.Expected, ActualUnknown: true}
		}
	}
}

func (e *execution) end(p *pending) {
	if p.lost && !p.done {
		e.ghosts = append(e.ghosts, p)
	}
	if p.lost && e.pick(3) == 0 {
		return // it never returns
	}
	e.clock++
	p.op.Return = e.clock
}

func (e *execution) history() linearizability.History {
	var h linearizability.History
	final := &linearizability.Final{Streams: make(map[eventcore.StreamID][]eventcore.Recorded)}
	for i := range e.streams {
		id := eventcore.MustStreamID(fmt.Sprintf("s-%d", i))
		final.Streams[id] = e.store.streams[id]
	}
	if e.ordered {
		final.Global = append([]eventcore.Recorded{}, e.store.global...)
	}
	for _, op := range e.ops {
		h.Operations = append(h.Operations, *op)
	}
	return closed(h.Operations, final)
}

// closed adds the calls of the final read to those of the clients.
func closed(ops []linearizability.Operation, final *linearizability.Final) linearizability.History {
	stamp := int64(0)
	for i := range ops {
		stamp = max(stamp, ops[i].Call)
		if ops[i].Return != linearizability.Never {
			stamp = max(stamp, ops[i].Return)
		}
	}
	add := func(op linearizability.Operation) {
		op.Client, op.Call, op.Return, op.End = linearizability.FinalClient, stamp+1, stamp+2, linearizability.Complete
		stamp += 2
		ops = append(ops, op)
	}
	ops = slices.Clone(ops)
	if final.Global != nil {
		add(linearizability.Operation{Kind: linearizability.ReadAll, Seen: seenOf(final.Global)})
	}
	var ids []eventcore.StreamID
	for id := range final.Streams {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b eventcore.StreamID) int { return slices.Compare([]byte(a.String()), []byte(b.String())) })
	for _, id := range ids {
		add(linearizability.Operation{Kind: linearizability.ReadStream, Stream: id, Seen: seenOf(final.Streams[id])})
	}
	return linearizability.History{Operations: ops, Final: final}
}
