package linearizability

import (
	"encoding/binary"
	"math"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// translator turns calls into steps of the model. It cuts them from blocks.
type translator struct {
	log     *finalLog
	parts   *partition
	steps   []step
	expects arena[expectation]
	pushes  arena[push]
	ids     arena[uint64]
	// in has the component of each call, nil for one that constrains nothing.
	in []*component
}

// set makes it the translator of a log.
func (t *translator) set(l *finalLog, p *partition) {
	t.log, t.parts = l, p
	t.steps, t.in = zeroed(t.steps, len(l.ops)), zeroed(t.in, len(l.ops))
	t.expects.reset()
	t.pushes.reset()
	t.ids.reset()
}

// step translates a call; nil if it constrains nothing.
func (t *translator) step(i int) (*component, *step) {
	op, st := &t.log.ops[i], &t.steps[i]
	st.op, st.rank = op, -1
	switch {
	case op.Kind == Append && t.log.applied[i]:
		return t.applied(i, st)
	case op.Kind == Append:
		return t.refused(i, st)
	case op.End != Complete && len(op.Seen) == 0:
		return nil, nil
	case op.Kind == ReadStream:
		return t.streamRead(i, st)
	default:
		return t.globalRead(st)
	}
}

func (t *translator) applied(i int, st *step) (*component, *step) {
	op, l := st.op, t.log
	if op.Outcome == eventcore.OutcomeApplied {
		last, known := l.lastPosition(i)
		st.impossible = !rightVersions(op) || known && last != op.Appended.Last
	}
	if len(op.Participants) == 0 {
		return nil, nil
	}
	c := t.parts.of[l.parts[i][0]]
	st.expect = t.expects.take(len(op.Participants))
	for p, s := range l.parts[i] {
		st.expect = append(st.expect, expectation{t.parts.local[s], uint64(op.Participants[p].Expected)})
	}
	st.expect = t.expects.keep(st.expect)
	st.pushes = t.pushes.take(len(op.Events))
	for e := range op.Events {
		event := &op.Events[e]
		st.pushes = append(st.pushes, push{t.parts.local[l.parts[i][event.Participant]], idDigest(event.ID)})
	}
	st.pushes = t.pushes.keep(st.pushes)
	if t.parts.global {
		t.pin(i, st)
	}
	return c, st
}

// pin ties an append to its place in the final global order, which the final read of
// it demands.
func (t *translator) pin(i int, st *step) {
	sent := t.log.sent[t.log.first[i]:t.log.first[i+1]]
	for e := range sent {
		if sent[e].rank < 0 || sent[e].rank != sent[0].rank+e {
			st.impossible = true
		}
	}
	if len(sent) > 0 {
		st.rank = sent[0].rank
	}
}

func (t *translator) refused(i int, st *step) (*component, *step) {
	op := st.op
	if op.Outcome != eventcore.OutcomeNotApplied || op.Conflict == nil || len(op.Participants) == 0 {
		return nil, nil
	}
	p := conflicting(op)
	switch {
	case p < 0:
		p, st.impossible = 0, true
	case op.Conflict.Expected != op.Participants[p].Expected:
		st.impossible = true
	case op.Conflict.ActualUnknown:
		return nil, nil
	default:
		st.impossible = op.Conflict.Actual == op.Conflict.Expected
	}
	s := t.log.parts[i][p]
	st.expect = t.expects.keep(append(t.expects.take(1), expectation{t.parts.local[s], uint64(op.Conflict.Actual)}))
	return t.parts.of[s], st
}

func (t *translator) streamRead(i int, st *step) (*component, *step) {
	op, s := st.op, t.log.parts[i][0]
	st.kind, st.stream, st.after = prefixRead, t.parts.local[s], uint64(op.After)
	if op.End == Complete {
		st.kind = exactRead
	}
	st.ids = t.ids.take(len(op.Seen))
	for n := range op.Seen {
		seen := &op.Seen[n]
		id := idDigest(seen.ID)
		st.ids, st.hash = append(st.ids, id), fold(st.hash, id)
		if seen.Stream != op.Stream || seen.Version != op.After+eventcore.Version(n)+1 || !t.positioned(s, seen) {
			st.impossible = true
		}
	}
	st.ids = t.ids.keep(st.ids)
	return t.parts.of[s], st
}

// positioned says whether an event came at the position that it has in the final log.
func (t *translator) positioned(stream int, seen *Seen) bool {
	n := t.log.find(stream, seen)
	if n < 0 {
		return false
	}
	r := t.log.record(n)
	return r != nil && r.Position == seen.Position
}

// globalRead turns a read of the global order into bounds for its length. The length
// says everything: with appends pinned, the order is that of the final read up to there.
func (t *translator) globalRead(st *step) (*component, *step) {
	if !t.parts.global {
		return nil, nil
	}
	op, l := st.op, t.log
	st.kind, st.high = globalRead, math.MaxInt
	next, fits := l.follow(op)
	st.impossible = !fits || op.Limit > 0 && len(op.Seen) > op.Limit || op.Client == FinalClient && !l.globalIsWhole()
	if n := len(op.Seen); n > 0 {
		st.low = l.rankAfter(op.Seen[n-1].Position)
	}
	if op.End == Complete && next < len(l.ranks) {
		st.high = next
	}
	return t.parts.whole, st
}

// globalIsWhole says whether the final global order is one of the final streams.
func (l *finalLog) globalIsWhole() bool {
	var f findings
	l.checkStreamsInGlobal(&f)
	return f.total() == 0
}

// idDigest shortens an event ID. Its random bits are what tells IDs apart.
func idDigest(id eventcore.EventID) uint64 {
	return fold(binary.LittleEndian.Uint64(id[:8]), binary.LittleEndian.Uint64(id[8:]))
}
