package differ

import (
	"errors"
	"fmt"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// Compare returns the first difference between two runs of the same calls, nil if there is
// none.
func Compare(first, second *sim.Result) *Difference {
	at := func(where, one, other string) *Difference {
		return &Difference{first.Backend, second.Backend, where, one, other}
	}
	if first.History == nil || second.History == nil {
		one, other := verdict(first), verdict(second)
		if one == other {
			return nil
		}
		return at("the run as a whole", one, other)
	}
	a, b := newTelling(first), newTelling(second)
	for i := range max(len(a.calls), len(b.calls)) {
		one, other := a.call(i), b.call(i)
		if one != other {
			return at(a.where(i), one, other)
		}
	}
	if d := compareResults(first, second, at); d != nil {
		return d
	}
	if one, other := verdict(first), verdict(second); one != other {
		return at("the verdict", one, other)
	}
	return nil
}

// compareResults compares what operations came to: what stores keep besides events shows
// there only.
func compareResults(first, second *sim.Result, at func(where, one, other string) *Difference) *Difference {
	for i := range first.Results {
		a := &first.Results[i]
		where := fmt.Sprintf("%s operation %d of client %d: %s", a.Phase, a.Index, a.Client, a.Op)
		if i >= len(second.Results) {
			return at(where, "was carried out", "was not")
		}
		b := &second.Results[i]
		if a.Outcome != b.Outcome || !sim.SameError(a.Err, b.Err) {
			return at(where, fmt.Sprintf("%v, %v", a.Outcome, a.Err), fmt.Sprintf("%v, %v", b.Outcome, b.Err))
		}
	}
	return nil
}

// verdict is the verdict of a run as far as it is about the store.
func verdict(r *sim.Result) string {
	if !r.Failed() {
		return "nothing wrong"
	}
	name := string(r.Verdict)
	if len(r.Findings) > 0 {
		name += ": " + r.Findings[0].Name
	}
	return name
}

// telling tells a history in words that are the same for every backend.
type telling struct {
	calls []*linearizability.Operation
	// names has the event IDs by client and number.
	names map[eventcore.EventID]string
	// places has the positions by their order.
	places map[eventcore.Position]int
}

func newTelling(r *sim.Result) *telling {
	t := &telling{names: make(map[eventcore.EventID]string), places: make(map[eventcore.Position]int)}
	made := make(map[int]int)
	for i := range r.History.Operations {
		op := &r.History.Operations[i]
		t.calls = append(t.calls, op)
		for _, e := range op.Events {
			if _, known := t.names[e.ID]; !known {
				made[op.Client]++
				t.names[e.ID] = fmt.Sprintf("c%d.%d", op.Client, made[op.Client])
			}
		}
	}
	if final := r.History.Final; final != nil {
		for i := range final.Global {
			t.places[final.Global[i].Position] = i + 1
		}
	}
	return t
}

func (t *telling) where(i int) string {
	if i >= len(t.calls) {
		return fmt.Sprintf("call %d", i)
	}
	op := t.calls[i]
	if op.Client == linearizability.FinalClient {
		return fmt.Sprintf("call %d, of the final read", i)
	}
	return fmt.Sprintf("call %d, of client %d", i, op.Client)
}

// call tells what call i was and what came of it.
func (t *telling) call(i int) string {
	if i >= len(t.calls) {
		return "(no such call)"
	}
	op := t.calls[i]
	var b strings.Builder
	fmt.Fprintf(&b, "client %d: ", op.Client)
	switch op.Kind {
	case linearizability.Append:
		b.WriteString("append")
		for _, p := range op.Participants {
			fmt.Fprintf(&b, " %s@%d", p.Stream, p.Expected)
		}
		for _, e := range op.Events {
			fmt.Fprintf(&b, " +%s", t.names[e.ID])
		}
		fmt.Fprintf(&b, " → %v", op.Outcome)
		for _, s := range op.Appended.Streams {
			fmt.Fprintf(&b, " %s=%d", s.Stream, s.Version)
		}
		if op.Appended.Last != (eventcore.Position{}) {
			fmt.Fprintf(&b, " as event %d of all", t.places[op.Appended.Last])
		}
	case linearizability.ReadStream:
		fmt.Fprintf(&b, "read %s after %d →", op.Stream, op.After)
	case linearizability.ReadAll:
		fmt.Fprintf(&b, "read all after event %d, limit %d, filter %+v →", t.places[op.Position], op.Limit, op.Filter)
	}
	for _, e := range op.Seen {
		fmt.Fprintf(&b, " %s:%s@%d", t.names[e.ID], e.Stream, e.Version)
	}
	fmt.Fprintf(&b, "%s%s", end(op.End), failure(op))
	return b.String()
}

func end(e linearizability.End) string {
	switch e {
	case linearizability.Stopped:
		return " (stopped)"
	case linearizability.Failed:
		return " (failed)"
	default:
		return ""
	}
}

// failure tells an error by what a caller can act on.
func failure(op *linearizability.Operation) string {
	if op.Err == nil {
		return ""
	}
	if c := op.Conflict; c != nil {
		return fmt.Sprintf(" conflict at %s, which is at %d", c.Stream, c.Actual)
	}
	text := fmt.Sprintf(" error, %v", eventcore.OutcomeOf(op.Err))
	if failed, is := errors.AsType[*eventcore.DeserializationFailed](op.Err); is {
		text += fmt.Sprintf(", cannot decode version %d", failed.Version)
	}
	if failed, is := errors.AsType[*eventcore.StoreFailure](op.Err); is {
		text += ", in " + string(failed.Operation)
	}
	return text
}
