package linearizability_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// long makes a long legal history in linear time: calls take effect one after the other,
// and each is under way a while before and after, together with about 8 others.
type long struct {
	pick    choose
	streams []eventcore.StreamID
	of      map[eventcore.StreamID][]eventcore.Recorded
	global  []eventcore.Recorded
	ops     []linearizability.Operation
	events  int
}

func generateLong(calls int) linearizability.History {
	l := &long{pick: rand.New(rand.NewPCG(1, 2)).IntN, of: make(map[eventcore.StreamID][]eventcore.Recorded)}
	for n := range 64 {
		l.streams = append(l.streams, eventcore.MustStreamID(fmt.Sprint("s-", n)))
		l.of[l.streams[n]] = nil
	}
	l.ops = make([]linearizability.Operation, calls, calls+len(l.streams)+1)
	for i := range l.ops {
		op := &l.ops[i]
		op.Client = i % 8
		switch n := l.pick(100); {
		case n < 48:
			l.append(op)
		case n < 95:
			l.read(op)
		default:
			l.readAll(op)
		}
	}
	l.stamp()
	return closed(l.ops, &linearizability.Final{Streams: l.of, Global: l.global})
}

func (l *long) append(op *linearizability.Operation) {
	op.Kind, op.Outcome = linearizability.Append, eventcore.OutcomeApplied
	first := l.pick(len(l.streams))
	for n := range 1 + l.pick(2) {
		id := l.streams[(first+n)%len(l.streams)]
		p := eventcore.Participant{Stream: id, Expected: eventcore.Version(len(l.of[id]))}
		if n == 0 {
			p.Events = 1 + l.pick(2)
		}
		op.Participants = append(op.Participants, p)
	}
	p := &op.Participants[0]
	for range p.Events {
		l.events++
		op.Events = append(op.Events, linearizability.Event{ID: eventID(l.events), Type: []string{"x", "y", "z"}[l.pick(3)]})
	}
	switch n := l.pick(100); {
	case n < 5 && p.Expected > 0:
		p.Expected--
		op.Outcome = eventcore.OutcomeNotApplied
		op.Conflict = &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: p.Expected + 1}
		return
	case n < 10:
		op.Outcome = eventcore.OutcomeUnknown
		if l.pick(2) == 0 {
			return
		}
	}
	for _, e := range op.Events {
		r := eventcore.Recorded{ID: e.ID, Stream: p.Stream, Version: eventcore.Version(len(l.of[p.Stream]) + 1), Type: e.Type}
		r.Position = eventcore.NewPosition(0, uint64(len(l.global)+1))
		l.of[p.Stream], l.global = append(l.of[p.Stream], r), append(l.global, r)
		op.Appended.Last = r.Position
	}
	op.Appended.Streams = []eventcore.StreamVersion{{Stream: p.Stream, Version: p.Expected + eventcore.Version(p.Events)}}
}

func (l *long) read(op *linearizability.Operation) {
	op.Kind, op.Stream, op.End = linearizability.ReadStream, l.streams[l.pick(len(l.streams))], linearizability.Complete
	events := l.of[op.Stream]
	from := max(0, len(events)-l.pick(6))
	op.After, op.Seen = eventcore.Version(from), seenOf(events[from:])
	if l.pick(10) == 0 {
		op.Seen, op.End = op.Seen[:l.pick(len(op.Seen)+1)], linearizability.Failed
	}
}

func (l *long) readAll(op *linearizability.Operation) {
	op.Kind, op.End, op.Limit = linearizability.ReadAll, linearizability.Complete, 10
	from := max(0, len(l.global)-l.pick(20))
	if from > 0 {
		op.Position = l.global[from-1].Position
	}
	switch l.pick(3) {
	case 0:
		op.Filter.Types = []string{"x"}
	case 1:
		op.Filter.Prefix = mustPrefix("s-1")
	}
	for _, e := range l.global[from:] {
		if op.Filter.Match(e.Stream, e.Type) {
			op.Seen = append(op.Seen, seenOf([]eventcore.Recorded{e})...)
		}
		if len(op.Seen) == op.Limit {
			op.End = linearizability.Stopped
			return
		}
	}
}

// stamp spreads calls and returns around the effects.
func (l *long) stamp() {
	type moment struct {
		key int
		at  *int64
	}
	moments := make([]moment, 0, 2*len(l.ops))
	for i := range l.ops {
		moments = append(moments, moment{100*i - 2*l.pick(200) - 1, &l.ops[i].Call}, moment{100*i + 2*l.pick(200), &l.ops[i].Return})
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return cmp.Compare(a.key, b.key) })
	for n, m := range moments {
		*m.at = int64(n + 1)
	}
	slices.SortFunc(l.ops, func(a, b linearizability.Operation) int { return cmp.Compare(a.Call, b.Call) })
}

// BenchmarkGraph measures both checkers on the same legal histories, and the fast one on a
// history in which every tenth read misses an event. porcupine gets 20 s; "decided" says
// whether that was enough.
func BenchmarkGraph(b *testing.B) {
	for _, calls := range []int{100, 1_000, 10_000, 100_000, 1_000_000} {
		h := generateLong(calls)
		b.Run(fmt.Sprintf("checker=graph/ops=%d", calls), func(b *testing.B) {
			benchGraph(b, &h, linearizability.OK)
		})
		b.Run(fmt.Sprintf("checker=porcupine/ops=%d", calls), func(b *testing.B) {
			b.ReportAllocs()
			decided := 0
			for b.Loop() {
				if linearizability.Porcupine(b.Context(), h, 20*time.Second) == linearizability.OK {
					decided++
				}
			}
			b.ReportMetric(float64(decided)/float64(b.N), "decided")
			reportSpeed(b, &h)
		})
		stale(&h)
		b.Run(fmt.Sprintf("checker=graph/broken/ops=%d", calls), func(b *testing.B) {
			benchGraph(b, &h, linearizability.Violation)
		})
	}
}

func benchGraph(b *testing.B, h *linearizability.History, want linearizability.Verdict) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if r := linearizability.CheckGraph(*h); r.Verdict != want {
			b.Fatal(r.Explain(h))
		}
	}
	reportSpeed(b, h)
}

// stale takes the last event from every tenth complete read of a stream.
func stale(h *linearizability.History) {
	reads := 0
	for i := range h.Operations {
		op := &h.Operations[i]
		if op.Kind != linearizability.ReadStream || op.Client == linearizability.FinalClient || op.End != linearizability.Complete || len(op.Seen) == 0 {
			continue
		}
		if reads++; reads%10 == 1 {
			op.Seen = op.Seen[:len(op.Seen)-1]
		}
	}
}

// reportSpeed reports the time of a call, and the memory that is in use: nearly all of
// it is the history.
func reportSpeed(b *testing.B, h *linearizability.History) {
	b.Helper()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(h.Operations)), "ns/op-checked")
	b.ReportMetric(float64(m.Sys)/(1<<20), "MiB-process")
}
