package linearizability_test

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// damage changes a draft so that it is likely, not certain, to show an anomaly.
type damage struct {
	anomaly string
	shape   shape
	do      func(*draft, choose)
}

// damages has one for each name that a graph can find.
func damages() []damage {
	plain := shape{clients: 3, ops: 6, streams: 2, unknown: 10, partial: 10, ordered: true}
	busy := shape{clients: 4, ops: 7, streams: 3, unknown: 20}
	global := shape{clients: 3, ops: 7, streams: 2, global: 40, ordered: true}
	return []damage{
		{linearizability.LostAppend, plain, loseAppend},
		{linearizability.AbortedAppendSeen, plain, abortAppend},
		{linearizability.TornAppend, busy, tearRead},
		{linearizability.DuplicateEvent, plain, with(seeing(1), repeatSeen)},
		{linearizability.PhantomEvent, plain, inventEvent},
		{linearizability.ReorderedAppend, plain, reorderAppend},
		{linearizability.WrongStream, busy, strayEvent},
		{linearizability.WrongResult, plain, with(applied, changeResult)},
		{linearizability.LostUpdate, plain, with(writing, changeExpected)},
		{linearizability.UncheckedStream, busy, relyOn},
		{linearizability.WriteSkew, busy, skew},
		{linearizability.CircularReliance, busy, relyInCircle},
		{linearizability.FalseConflict, busy, falseConflict},
		{linearizability.StaleRead, busy, with(completeAndSeeing, shortenRead)},
		{linearizability.NonMonotonicRead, busy, forget},
		{linearizability.FutureRead, busy, readEarly},
		{linearizability.NonPrefixRead, plain, with(seeing(2), dropSeen)},
		{linearizability.IncompatibleOrder, plain, exchangeEvents},
		{linearizability.WrongPosition, plain, with(seeing(1), changePosition)},
		{linearizability.RealTimeInversion, busy, appendLate},
		{linearizability.CursorSkip, global, skipEvent},
		{linearizability.BrokenGlobalOrder, plain, breakGlobal},
		{linearizability.BrokenLimit, global, lowerLimit},
		{linearizability.StaleRead, global, with(completeAndSeeing, shortenRead)},
		{linearizability.FutureRead, global, readEarly},
		{linearizability.TornAppend, global, tearRead},
		{linearizability.RealTimeInversion, global, appendLate},
		{linearizability.UncheckedStream, global, relyOn},
	}
}

// pickOp returns one of the operations that are wanted, nil if there is none.
func (d *draft) pickOp(pick choose, wanted func(*linearizability.Operation) bool) *linearizability.Operation {
	var all []*linearizability.Operation
	for i := range d.ops {
		if wanted(&d.ops[i]) {
			all = append(all, &d.ops[i])
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[pick(len(all))]
}

func with(wanted func(*linearizability.Operation) bool, mutation func(*draft, *linearizability.Operation, choose)) func(*draft, choose) {
	return func(d *draft, pick choose) {
		if op := d.pickOp(pick, wanted); op != nil {
			mutation(d, op, pick)
		}
	}
}

func seeing(n int) func(*linearizability.Operation) bool {
	return func(op *linearizability.Operation) bool { return len(op.Seen) >= n }
}

func applied(op *linearizability.Operation) bool {
	return op.Kind == linearizability.Append && op.Outcome == eventcore.OutcomeApplied
}

func writing(op *linearizability.Operation) bool { return applied(op) && len(op.Events) > 0 }

func completeAndSeeing(op *linearizability.Operation) bool {
	return len(op.Seen) > 0 && op.End == linearizability.Complete
}

// dropFinal takes events out of the final log.
func (d *draft) dropFinal(drop func(eventcore.Recorded) bool) {
	f := &linearizability.Final{Streams: make(map[eventcore.StreamID][]eventcore.Recorded)}
	for id, events := range d.final.Streams {
		f.Streams[id] = slices.DeleteFunc(slices.Clone(events), drop)
	}
	if d.final.Global != nil {
		f.Global = slices.DeleteFunc(slices.Clone(d.final.Global), drop)
	}
	d.final = f
}

func loseAppend(d *draft, pick choose) {
	if op := d.pickOp(pick, writing); op != nil {
		d.dropFinal(func(e eventcore.Recorded) bool {
			return slices.ContainsFunc(op.Events, func(w linearizability.Event) bool { return w.ID == e.ID })
		})
	}
}

func abortAppend(d *draft, pick choose) {
	if op := d.pickOp(pick, writing); op != nil {
		op.Outcome = eventcore.OutcomeNotApplied
	}
}

// tearRead ends a read, or puts a conflict, in the middle of an append, or takes an
// event of one out of the final log.
func tearRead(d *draft, pick choose) {
	writer := d.pickOp(pick, func(op *linearizability.Operation) bool { return writing(op) && len(op.Events) > 1 })
	if writer == nil {
		return
	}
	id := writer.Events[pick(len(writer.Events))].ID
	p := writer.Participants[writer.Events[0].Participant]
	switch pick(3) {
	case 0:
		d.dropFinal(func(e eventcore.Recorded) bool { return e.ID == id })
	case 1:
		if c := d.pickOp(pick, func(op *linearizability.Operation) bool { return op.Conflict != nil && op.Conflict.Stream == p.Stream }); c != nil {
			c.Conflict = &eventcore.VersionConflict{Stream: p.Stream, Expected: c.Conflict.Expected, Actual: p.Expected + 1}
		}
	default:
		for i := range d.ops {
			if n := slices.IndexFunc(d.ops[i].Seen, func(s linearizability.Seen) bool { return s.ID == id }); n >= 0 {
				d.ops[i].Seen, d.ops[i].End = d.ops[i].Seen[:n+pick(2)], linearizability.Complete
			}
		}
	}
}

func inventEvent(d *draft, pick choose) {
	if op := d.pickOp(pick, seeing(1)); op != nil {
		op.Seen[pick(len(op.Seen))].ID = eventID(9999)
	}
}

func exchangeEvents(d *draft, pick choose) {
	if op := d.pickOp(pick, seeing(2)); op != nil {
		i := pick(len(op.Seen) - 1)
		op.Seen[i].ID, op.Seen[i+1].ID = op.Seen[i+1].ID, op.Seen[i].ID
	}
}

func reorderAppend(d *draft, pick choose) {
	op := d.pickOp(pick, func(op *linearizability.Operation) bool {
		return applied(op) && len(op.Events) > 1 && op.Events[0].Participant == op.Events[1].Participant
	})
	if op != nil {
		op.Events[0], op.Events[1] = op.Events[1], op.Events[0]
	}
}

func strayEvent(d *draft, pick choose) {
	op := d.pickOp(pick, func(op *linearizability.Operation) bool { return writing(op) && len(op.Participants) > 1 })
	if op == nil {
		return
	}
	e := &op.Events[pick(len(op.Events))]
	op.Participants[e.Participant].Events--
	e.Participant = 1 - e.Participant
	op.Participants[e.Participant].Events++
}

// reliance returns the participant of an append on a stream, adding one that is only read.
func reliance(op *linearizability.Operation, stream eventcore.StreamID) *eventcore.Participant {
	for p := range op.Participants {
		if op.Participants[p].Stream == stream {
			return &op.Participants[p]
		}
	}
	op.Participants = append(op.Participants, eventcore.Participant{Stream: stream})
	return &op.Participants[len(op.Participants)-1]
}

// relyOn has an append rely on a stream as it was before another append that had returned.
func relyOn(d *draft, pick choose) {
	op := d.pickOp(pick, applied)
	if op == nil {
		return
	}
	earlier := d.pickOp(pick, func(w *linearizability.Operation) bool { return writing(w) && w.Return < op.Call })
	if earlier == nil {
		return
	}
	moved := earlier.Participants[earlier.Events[0].Participant]
	if p := reliance(op, moved.Stream); p.Events == 0 {
		p.Expected = moved.Expected + eventcore.Version(pick(2)*moved.Events)
	}
}

// crossed returns two appends and for each a stream that it alone of the two writes to.
func (d *draft) crossed(pick choose) (a, b *linearizability.Operation, ofA, ofB eventcore.Participant) {
	a, b = d.pickOp(pick, writing), d.pickOp(pick, writing)
	if a == nil || a == b {
		return nil, nil, ofA, ofB
	}
	ofA, ofB = a.Participants[a.Events[0].Participant], b.Participants[b.Events[0].Participant]
	if reliance(a, ofB.Stream).Events > 0 || reliance(b, ofA.Stream).Events > 0 {
		return nil, nil, ofA, ofB
	}
	return a, b, ofA, ofB
}

func skew(d *draft, pick choose) {
	if a, b, ofA, ofB := d.crossed(pick); a != nil {
		reliance(a, ofB.Stream).Expected, reliance(b, ofA.Stream).Expected = ofB.Expected, ofA.Expected
	}
}

func relyInCircle(d *draft, pick choose) {
	if a, b, ofA, ofB := d.crossed(pick); a != nil {
		reliance(a, ofB.Stream).Expected = ofB.Expected + eventcore.Version(ofB.Events)
		reliance(b, ofA.Stream).Expected = ofA.Expected + eventcore.Version(ofA.Events)
		a.Return, b.Return = linearizability.Never, linearizability.Never
		a.Call, b.Call = 2, 3
	}
}

func falseConflict(d *draft, pick choose) {
	op := d.pickOp(pick, func(op *linearizability.Operation) bool {
		return op.Kind == linearizability.Append && len(op.Participants) > 0 && !applied(op)
	})
	if op == nil {
		return
	}
	p := op.Participants[pick(len(op.Participants))]
	op.Outcome = eventcore.OutcomeNotApplied
	op.Conflict = &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: p.Expected}
	if pick(2) == 0 {
		op.Conflict.Actual = eventcore.Version(len(d.final.Streams[p.Stream]) + pick(3))
	}
}

// forget has an append under way until the end, and takes what it wrote out of a read.
func forget(d *draft, pick choose) {
	read := d.pickOp(pick, func(op *linearizability.Operation) bool {
		return op.Kind == linearizability.ReadStream && completeAndSeeing(op)
	})
	if read == nil {
		return
	}
	last := read.Seen[len(read.Seen)-1].ID
	for i := range d.ops {
		op := &d.ops[i]
		if !slices.ContainsFunc(op.Events, func(e linearizability.Event) bool { return e.ID == last }) {
			continue
		}
		op.Return, op.Outcome, op.Appended = linearizability.Never, eventcore.OutcomeUnknown, eventcore.Appended{}
		read.Seen = slices.DeleteFunc(read.Seen, func(s linearizability.Seen) bool {
			return slices.ContainsFunc(op.Events, func(e linearizability.Event) bool { return e.ID == s.ID })
		})
	}
	if to := d.lastStamp() + 8; read.Return != linearizability.Never {
		read.Call, read.Return = to, to+8
	}
	// Somebody else saw it.
	early := *read
	early.Call, early.Return, early.End = read.Call-3, read.Call-2, linearizability.Complete
	early.After, early.Seen = 0, seenOf(d.final.Streams[read.Stream])
	if pick(2) == 0 {
		d.ops = append(d.ops, early)
	}
}

func (d *draft) lastStamp() int64 {
	last := int64(0)
	for i := range d.ops {
		last = max(last, d.ops[i].Call)
		if d.ops[i].Return != linearizability.Never {
			last = max(last, d.ops[i].Return)
		}
	}
	return last
}

// readEarly moves a read, or a conflict, before the call of an append.
func readEarly(d *draft, pick choose) {
	op := d.pickOp(pick, func(op *linearizability.Operation) bool { return len(op.Seen) > 0 || op.Conflict != nil })
	if op == nil {
		return
	}
	writer := d.pickOp(pick, func(w *linearizability.Operation) bool { return writing(w) && w.Call < op.Return })
	if writer != nil && d.free(writer.Call-2) && d.free(writer.Call-1) {
		op.Call, op.Return = writer.Call-2, writer.Call-1
	}
}

// appendLate moves an append behind the return of another.
func appendLate(d *draft, pick choose) {
	first := d.pickOp(pick, writing)
	if first == nil {
		return
	}
	p := first.Participants[first.Events[0].Participant]
	second := d.pickOp(pick, func(w *linearizability.Operation) bool {
		return writing(w) && w.Participants[w.Events[0].Participant].Stream == p.Stream
	})
	if second.Return == linearizability.Never {
		return
	}
	if d.free(second.Return+1) && d.free(second.Return+2) {
		first.Call, first.Return = second.Return+1, second.Return+2
	}
}

func skipEvent(d *draft, pick choose) {
	op := d.pickOp(pick, func(op *linearizability.Operation) bool {
		return op.Kind == linearizability.ReadAll && len(op.Seen) > 1
	})
	if op != nil {
		at := pick(len(op.Seen) - 1)
		op.Seen = slices.Delete(op.Seen, at, at+1)
	}
}

func breakGlobal(d *draft, pick choose) {
	f := *d.final
	f.Global = slices.Clone(f.Global)
	d.final = &f
	n := len(f.Global)
	if n < 2 {
		return
	}
	switch i, j := pick(n), pick(n); pick(3) {
	case 0:
		f.Global[i], f.Global[j] = f.Global[j], f.Global[i]
	case 1:
		f.Global = slices.Delete(f.Global, i, i+1)
	default:
		f.Global[i].Position = eventcore.NewPosition(0, uint64(pick(n))*10)
	}
}

func lowerLimit(d *draft, pick choose) {
	op := d.pickOp(pick, func(op *linearizability.Operation) bool {
		return op.Kind == linearizability.ReadAll && len(op.Seen) > 1
	})
	if op != nil {
		op.Limit = 1 + pick(len(op.Seen)-1)
	}
}
