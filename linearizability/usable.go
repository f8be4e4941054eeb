package linearizability

import (
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// usable says what a history lacks for a judgement, "" if it lacks nothing. What a
// [Recorder] recorded lacks only what was not done with it.
func usable(h *History) string {
	if h.Final == nil {
		return "the store was not read to its end after the last call, so nothing settles what is in it"
	}
	final, last := false, int64(0)
	for i := range h.Operations {
		op := &h.Operations[i]
		final = final || op.Client == FinalClient
		switch {
		case op.Call <= last || op.Return <= op.Call:
			return fmt.Sprintf("call %d has the stamps %d and %d after a call at %d: calls must be sorted, and every stamp its own", i, op.Call, op.Return, last)
		case final && op.Client != FinalClient:
			return fmt.Sprintf("client %d made a call after the final read had begun", op.Client)
		case op.Kind == ReadAll && h.Final.Global == nil:
			return fmt.Sprintf("client %d read the global order, and the final read did not", op.Client)
		case op.Client == FinalClient && op.End != Complete:
			return fmt.Sprintf("the final read of stream %q did not reach its end", op.Stream)
		case op.Kind == Append && !wellFormed(op):
			return fmt.Sprintf("call %d appends an event to participant number %d or above, which it does not have", i, len(op.Participants))
		}
		last = op.Call
	}
	return finalRead(h)
}

func wellFormed(op *Operation) bool {
	for e := range op.Events {
		if p := op.Events[e].Participant; p < 0 || p >= len(op.Participants) {
			return false
		}
	}
	return true
}

// finalRead says whether Final is what the calls of the final client saw: the rules
// go by the one, the model by the other.
func finalRead(h *History) string {
	streams, global := 0, h.Final.Global == nil
	for i := len(h.Operations) - 1; i >= 0 && h.Operations[i].Client == FinalClient; i-- {
		op := &h.Operations[i]
		switch {
		case op.Kind == ReadStream && sameEvents(op.Seen, h.Final.Streams[op.Stream]):
			streams++
		case op.Kind == ReadAll && sameEvents(op.Seen, h.Final.Global):
			global = true
		default:
			return "the calls of the final read saw other events than Final has"
		}
	}
	if streams != len(h.Final.Streams) || !global {
		return fmt.Sprintf("Final has %d streams, and the calls of the final read are on %d of them", len(h.Final.Streams), streams)
	}
	return ""
}

func sameEvents(seen []Seen, events []eventcore.Recorded) bool {
	if len(seen) != len(events) {
		return false
	}
	for i := range seen {
		if seen[i].ID != events[i].ID {
			return false
		}
	}
	return true
}

func sentTwice(id eventcore.EventID) string {
	return fmt.Sprintf("event %s was sent twice, so what became of each sending cannot be told apart", id)
}

func notRead(id eventcore.StreamID) string {
	return fmt.Sprintf("stream %q was used and is not in the final read", id)
}
