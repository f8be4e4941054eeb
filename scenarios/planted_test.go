package scenarios_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// planted is a violation that is planted into what a correct run left.
type planted struct {
	scenario, invariant string
	// want is a part of the message.
	want  string
	plant func(b *bench)
}

// bench changes what is left of a run.
type bench struct {
	*scenarios.Final
	t testing.TB
}

func (b *bench) applied(do string, events int) *scenarios.Result {
	b.t.Helper()
	i := slices.IndexFunc(b.Results, func(r scenarios.Result) bool {
		return r.Op.Do == do && r.Outcome == eventcore.OutcomeApplied && len(r.Attempts[0].Events) >= events
	})
	require.GreaterOrEqual(b.t, i, 0, "the run has no applied %s of %d events", do, events)
	return &b.Results[i]
}

// event returns the n-th event of a type, counted from 0.
func (b *bench) event(sort string, n int) eventcore.Recorded {
	b.t.Helper()
	for _, e := range b.Global {
		if e.Type == sort {
			if n == 0 {
				return e
			}
			n--
		}
	}
	require.FailNow(b.t, "the run has too few events of type "+sort)
	return eventcore.Recorded{}
}

// remove takes an event out of the log and closes the gap.
func (b *bench) remove(id eventcore.EventID) {
	b.t.Helper()
	is := func(e eventcore.Recorded) bool { return e.ID == id }
	b.Global = slices.DeleteFunc(b.Global, is)
	for name, events := range b.Streams {
		events = slices.DeleteFunc(events, is)
		for i := range events {
			events[i].Version = eventcore.Version(i + 1)
		}
		b.Streams[name] = events
	}
}

// change replaces an event in the log.
func (b *bench) change(id eventcore.EventID, change func(e *eventcore.Recorded)) {
	b.t.Helper()
	for _, events := range append(slices.Collect(maps.Values(b.Streams)), b.Global) {
		for i := range events {
			if events[i].ID == id {
				change(&events[i])
			}
		}
	}
}

// say replaces the payload of an event.
func (b *bench) say(e eventcore.Recorded, format string, args ...any) {
	b.t.Helper()
	b.change(e.ID, func(e *eventcore.Recorded) { e.Data = json.RawMessage(fmt.Sprintf(format, args...)) })
}

// add appends an event to the log.
func (b *bench) add(stream eventcore.StreamID, sort, format string, args ...any) {
	b.t.Helper()
	_, last := b.Global[len(b.Global)-1].Position.Parts()
	e := eventcore.Recorded{
		ID: eventcore.EventID{byte(last), byte(last >> 8), 1}, Stream: stream, Version: eventcore.Version(len(b.Streams[stream]) + 1),
		Type: sort, Data: json.RawMessage(fmt.Sprintf(format, args...)), Position: eventcore.NewPosition(0, last+1),
	}
	b.Streams[stream] = append(b.Streams[stream], e)
	b.Global = append(b.Global, e)
}

func (b *bench) first(r *scenarios.Result) eventcore.EventID {
	return r.Attempts[0].Events[0].Event.ID
}

// ref returns the Ref in an event.
func (b *bench) ref(e eventcore.Recorded) uint64 {
	b.t.Helper()
	var said struct{ Ref uint64 }
	require.NoError(b.t, json.Unmarshal(e.Data, &said))
	return said.Ref
}

func TestEachInvariantFailsOnPlantedViolations(t *testing.T) {
	caught := map[string]bool{}
	all := slices.Concat(plantedInBooks(), plantedInContention(), plantedInTransfers(), plantedInOrders(), plantedInWriteSkew(),
		plantedInProjections(), plantedInLeaderships(), plantedInSnapshots())
	for _, p := range all {
		t.Run(fmt.Sprintf("%s/%s/%s", p.scenario, p.invariant, p.want), func(t *testing.T) {
			w := newWorld(t, p.scenario, 5)
			b := &bench{w.sequential(t, w.program()), t}
			requireInvariants(t, &w.scenario, b.Final)
			p.plant(b)
			i := slices.IndexFunc(w.scenario.Invariants, func(v scenarios.Invariant) bool { return v.Name == p.invariant })
			require.GreaterOrEqual(t, i, 0)
			// A fresh Final: the run's has caches of what was there before.
			err := w.scenario.Invariants[i].Check(&scenarios.Final{Results: b.Results, Streams: b.Streams, Global: b.Global})
			require.ErrorContains(t, err, p.want)
			caught[p.invariant] = true
		})
	}
	for _, s := range scenarios.All() {
		for _, invariant := range s.Invariants {
			require.Truef(t, caught[invariant.Name], "no violation of %q is planted", invariant.Name)
		}
	}
}

func plantedInBooks() []planted {
	return []planted{
		{"transfers", "acknowledged", "is in the log 0 times", func(b *bench) { b.remove(b.first(b.applied("transfer", 2))) }},
		{"transfers", "acknowledged", "is in the log 2 times", func(b *bench) {
			e := b.event("debited", 0)
			b.Streams[e.Stream] = append(b.Streams[e.Stream], e)
		}},
		{"transfers", "acknowledged", "to be number 2 of", func(b *bench) {
			b.change(b.event("debited", 0).ID, func(e *eventcore.Recorded) { e.Version += 7 })
		}},
		{"mixed", "acknowledged", "and is recorded as", func(b *bench) { b.say(b.event("red", 0), `{"n": 1}`) }},
		{"mixed", "acknowledged", "and is recorded as violet", func(b *bench) {
			b.change(b.event("red", 0).ID, func(e *eventcore.Recorded) { e.Type = "violet" })
		}},
		{"mixed", "acknowledged", `{"even":false}`, func(b *bench) {
			e := b.Global[slices.IndexFunc(b.Global, func(e eventcore.Recorded) bool { return len(e.Metadata) > 0 })]
			b.change(e.ID, func(e *eventcore.Recorded) { e.Metadata = json.RawMessage(`{"even":false}`) })
		}},
		{"transfers", "refused", "was not applied, but its event", func(b *bench) {
			b.applied("transfer", 2).Attempts[0].Outcome = eventcore.OutcomeNotApplied
		}},
		{"transfers", "atomic", "1 of its 2 events are in the log", func(b *bench) {
			r := b.applied("transfer", 2)
			r.Attempts[0].Outcome = eventcore.OutcomeUnknown
			b.remove(b.first(r))
		}},
		{"transfers", "atomic", "and is recorded as", func(b *bench) {
			r := b.applied("transfer", 2)
			r.Attempts[0].Outcome = eventcore.OutcomeUnknown
			b.change(b.first(r), func(e *eventcore.Recorded) { e.Data = json.RawMessage(`{}`) })
		}},
		{"contention", "known", "was sent by no operation", func(b *bench) { b.add(b.Global[0].Stream, "counted", `{"n":1}`) }},
		{"contention", "dense", "event number 3 of stream", func(b *bench) {
			b.change(b.event("counted", 2).ID, func(e *eventcore.Recorded) { e.Version++ })
		}},
		{"contention", "dense", `of stream "elsewhere"`, func(b *bench) {
			b.change(b.event("counted", 2).ID, func(e *eventcore.Recorded) { e.Stream = eventcore.MustStreamID("elsewhere") })
		}},
		{"contention", "global order", "behind position", func(b *bench) { b.Global[3].Position = b.Global[2].Position }},
		{"contention", "global order", "which is not the stream's event number 3", func(b *bench) {
			b.Global[2].ID, b.Global[3].ID = b.Global[3].ID, b.Global[2].ID
		}},
		{"contention", "global order", "which is not the stream's event number 1", func(b *bench) {
			b.Global[0].Stream = eventcore.MustStreamID("elsewhere")
		}},
		{"contention", "global order", "the global order has 0", func(b *bench) { b.Global = []eventcore.Recorded{} }},
		{"contention", "observed", "watch counter/1, saw: no time travel: seen", func(b *bench) {
			i := slices.IndexFunc(b.Results, func(r scenarios.Result) bool { return r.Op.Do == "watch" })
			b.Results[i].Err = &scenarios.Violation{Rule: "no time travel", Detail: "seen"}
		}},
		{"transfers", "honest", "was applied, but failed: some error", func(b *bench) { b.applied("transfer", 2).Err = errors.New("some error") }},
		{"transfers", "honest", "succeeded, but its last append was: unknown outcome", func(b *bench) {
			b.applied("transfer", 2).Attempts[0].Outcome = eventcore.OutcomeUnknown
		}},
		{"transfers", "honest", "was tried again after an attempt whose outcome was: unknown outcome", func(b *bench) {
			r := b.applied("transfer", 2)
			r.Attempts = []scenarios.Attempt{{}, r.Attempts[0]}
		}},
		{"transfers", "honest", "returned that it made 2 attempts; it made 1", func(b *bench) { b.applied("transfer", 2).Executed.Attempts = 2 }},
	}
}

func plantedInContention() []planted {
	return []planted{
		{"contention", "counter", "the counter says 2 there", func(b *bench) { b.say(b.event("counted", 2), `{"n":2}`) }},
		{"contention", "counter", "no fact", func(b *bench) { b.say(b.event("counted", 2), `[]`) }},
		{"contention", "counted once", "were acknowledged and 0 may have been applied besides", func(b *bench) { b.remove(b.event("counted", 2).ID) }},
		{"contention", "counted once", "were acknowledged and 0 may have been applied besides", func(b *bench) {
			b.applied("increment", 1).Outcome = eventcore.OutcomeNotApplied
		}},
		{"contention", "counted once", "acknowledged and 4 may have", func(b *bench) {
			// One event more than the unknown burst can account for.
			b.Results = append(b.Results, scenarios.Result{
				Op:      scenarios.Op{Do: "burst", Streams: []eventcore.StreamID{b.Global[0].Stream}, Count: 4},
				Outcome: eventcore.OutcomeUnknown,
			})
			for range 5 {
				b.add(b.Global[0].Stream, "counted", `{}`)
			}
		}},
		{"contention", "counted once", `is empty;`, func(b *bench) { clear(b.Streams) }},
		{"contention", "own version", "both returned version", func(b *bench) {
			r := *b.applied("increment", 1)
			b.Results = append(b.Results, r)
		}},
	}
}

func plantedInTransfers() []planted {
	return []planted{
		{"transfers", "no overdraft", "the account holds -", func(b *bench) {
			e := b.event("debited", 0)
			b.say(e, `{"n":500,"ref":%d}`, b.ref(e))
		}},
		{"transfers", "whole transfers", "was debited before", func(b *bench) {
			e := b.event("debited", 0)
			b.add(e.Stream, e.Type, "%s", e.Data)
		}},
		{"transfers", "whole transfers", "was deposited before", func(b *bench) {
			e := b.event("deposited", 0)
			b.add(e.Stream, e.Type, "%s", e.Data)
		}},
		{"transfers", "whole transfers", "there is no credit", func(b *bench) { b.remove(b.event("credited", 0).ID) }},
		{"transfers", "whole transfers", "there is no debit", func(b *bench) { b.remove(b.event("debited", 0).ID) }},
		{"transfers", "whole transfers", "but the credit is 1 ", func(b *bench) {
			e := b.event("credited", 0)
			b.say(e, `{"n":1,"ref":%d,"peer":"account/1"}`, b.ref(e))
		}},
		{"transfers", "whole transfers", "its events are not in the log", func(b *bench) { b.applied("transfer", 2).Ref = 1 }},
		{"transfers", "whole transfers", "its events are not in the log", func(b *bench) { b.remove(b.event("deposited", 0).ID) }},
		{"transfers", "conserved", "is on its way when another batch begins", func(b *bench) {
			i := slices.IndexFunc(b.Global, func(e eventcore.Recorded) bool { return e.Type == "debited" })
			b.Global = slices.Concat(b.Global[:i+1], b.Global[i+2:], b.Global[i+1:i+2])
		}},
		{"transfers", "conserved", "arrives from nowhere", func(b *bench) { b.remove(b.event("debited", 0).ID) }},
		{"transfers", "conserved", "never arrives", func(b *bench) {
			last := b.Global[len(b.Global)-1]
			b.add(last.Stream, "debited", `{"n":1,"ref":2}`)
		}},
	}
}

func plantedInOrders() []planted {
	return []planted{
		{"orders", "stock", "-", func(b *bench) {
			e := b.event("reserved", 0)
			b.say(e, `{"n":100,"ref":%d}`, b.ref(e))
		}},
		{"orders", "order lifecycle", "the order is placed again, by operation 7", func(b *bench) {
			b.add(b.event("placed", 0).Stream, "placed", `{"n":1,"ref":7,"peer":"stock/1"}`)
		}},
		{"orders", "order lifecycle", "the order is fulfilled when it is fulfilled already", func(b *bench) {
			b.add(b.event("fulfilled", 0).Stream, "fulfilled", `{"ref":7}`)
		}},
		{"orders", "order lifecycle", "the order is cancelled when it is not placed", func(b *bench) {
			b.add(eventcore.MustStreamID("order/x"), "cancelled", `{"ref":7}`)
		}},
		{"orders", "reserved", "reserved instead of", func(b *bench) { b.remove(b.event("reserved", 0).ID) }},
		{"orders", "reserved", "reserves twice", func(b *bench) {
			e := b.event("reserved", 0)
			b.add(e.Stream, e.Type, "%s", e.Data)
		}},
		{"orders", "reserved", `for order "order/9", which was not fulfilled with them`, func(b *bench) {
			b.add(b.event("reserved", 0).Stream, "reserved", `{"n":1,"ref":9,"peer":"order/9"}`)
		}},
		{"orders", "orders kept", "has 0 events of it instead of 1", func(b *bench) { b.applied("fulfil", 2).Ref = 1 }},
		{"orders", "orders kept", "instead of", func(b *bench) { b.remove(b.event("placed", 0).ID) }},
	}
}

func plantedInWriteSkew() []planted {
	allOff := func(b *bench) {
		for n := 1; len(b.Streams[eventcore.MustStreamID(fmt.Sprintf("doctor/%d", n))]) > 0; n++ {
			b.add(eventcore.MustStreamID(fmt.Sprintf("doctor/%d", n)), "went off call", `{}`)
		}
	}
	return []planted{
		{"write-skew", "somebody on call", "leaves nobody on call", func(b *bench) {
			allOff(b)
			b.add(eventcore.MustStreamID("doctor/1"), "came on call", `{}`)
		}},
		{"write-skew", "somebody on call", "nobody is on call at the end", func(b *bench) {
			allOff(b)
			b.Global = nil
		}},
		{"write-skew", "no skew", "and neither saw the other", func(b *bench) {
			one, two := eventcore.MustStreamID("doctor/1"), eventcore.MustStreamID("doctor/2")
			for _, leaver := range []eventcore.StreamID{one, two} {
				b.Results = append(b.Results, scenarios.Result{
					Op:       scenarios.Op{Do: "leave", Streams: []eventcore.StreamID{leaver}},
					Executed: eventcore.Executed{Read: []eventcore.StreamVersion{{Stream: one, Version: 90}, {Stream: two, Version: 95}}},
				})
			}
		}},
	}
}

func TestOneWhoSawTheOtherGoIsNoSkew(t *testing.T) {
	w := newWorld(t, "write-skew", 5)
	i := slices.IndexFunc(w.scenario.Invariants, func(v scenarios.Invariant) bool { return v.Name == "no skew" })
	leave := func(self string, seen ...eventcore.Version) scenarios.Result {
		r := scenarios.Result{Op: scenarios.Op{Do: "leave", Streams: []eventcore.StreamID{eventcore.MustStreamID(self)}}}
		for n, v := range seen {
			id := eventcore.MustStreamID([]string{"doctor/1", "doctor/2"}[n])
			r.Executed.Read = append(r.Executed.Read, eventcore.StreamVersion{Stream: id, Version: v})
		}
		return r
	}
	// The second read stream 1 at version 4, which the first wrote.
	results := []scenarios.Result{leave("doctor/1", 3, 8), leave("doctor/2", 4, 8)}
	require.NoError(t, w.scenario.Invariants[i].Check(&scenarios.Final{Results: results}))
	results[1] = leave("doctor/2", 3, 8)
	require.Error(t, w.scenario.Invariants[i].Check(&scenarios.Final{Results: results}))
}

func TestMessagesDoNotDependOnMapOrder(t *testing.T) {
	w := newWorld(t, "orders", 5)
	b := &bench{w.sequential(t, w.program()), t}
	for name := range b.Streams {
		b.add(name, "stocked", `{"n":-1000}`)
	}
	messages := map[string]bool{}
	for range 20 {
		for _, invariant := range w.scenario.Invariants {
			if err := invariant.Check(&scenarios.Final{Results: b.Results, Streams: b.Streams}); err != nil {
				messages[err.Error()] = true
			}
		}
	}
	require.Len(t, messages, 2, "one of the invariant known, one of stock")
}
