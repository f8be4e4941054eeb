package linearizability

import (
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// describe returns an edge on one line, as in "client 1 [3-4] read a@0 before client 0
// [1-2] appended a@1 (rw)".
func (g *graph) describe(e *edge) string {
	if e.inTime {
		from, to := &g.log.ops[e.from], &g.log.ops[e.to]
		return fmt.Sprintf("%s returned before %s was called (rt)", from.caller(), to.caller())
	}
	return fmt.Sprintf("%s before %s (%s)", g.tells(e.from, e.v, e.shownFirst()), g.tells(e.to, e.w, e.shownSecond()), g.kind(e))
}

// shownFirst returns the version that tells most of the call that comes first: that at
// which it found the stream, or the last event it wrote that the other call knows of.
func (e *edge) shownFirst() int32 {
	if e.v.grow > 0 {
		return min(e.v.low+e.v.grow, e.w.low)
	}
	return e.v.high
}

// shownSecond returns the version that tells most of the call that comes second: that at
// which it found the stream, or the first event it wrote that the other call did not know.
func (e *edge) shownSecond() int32 {
	if e.w.grow > 0 {
		return max(e.w.low, e.v.high) + 1
	}
	return e.w.low
}

// tells says what call i did with a stream at a version.
func (g *graph) tells(i int, v interval, at int32) string {
	op := &g.log.ops[i]
	stream := "global"
	if int(v.of) != g.global {
		stream = g.log.names[v.of].String()
	}
	verb := "read"
	switch {
	case v.grow > 0:
		verb = "appended"
	case g.log.applied[i]:
		verb = "relied on"
	case op.Kind == Append:
		verb = "conflicted at"
	}
	return fmt.Sprintf("%s %s %s@%d", op.caller(), verb, stream, at)
}

// caller names the client of an operation with its stamps.
func (op *Operation) caller() string {
	who := fmt.Sprintf("client %d", op.Client)
	if op.Client == FinalClient {
		who = "final read"
	}
	if op.Return == Never {
		return fmt.Sprintf("%s [%d-never]", who, op.Call)
	}
	if op.Kind == Append && op.Outcome == eventcore.OutcomeUnknown {
		return fmt.Sprintf("%s [%d-%d, unknown]", who, op.Call, op.Return)
	}
	return fmt.Sprintf("%s [%d-%d]", who, op.Call, op.Return)
}
