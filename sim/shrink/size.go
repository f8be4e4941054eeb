package shrink

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// Size is how much a person has to read to follow a run. Of two sizes the one with fewer
// clients is smaller, whatever the rest; then the one with fewer operations, and so on in the
// order of the fields.
type Size struct {
	// Clients is the number of clients with operations, at least 1; Operations is that of all
	// operations, set-up and probes included.
	Clients, Operations int
	// Streams is the number of streams that the program names, Events that of the events
	// that were sent to the store.
	Streams, Events int
	Crashes, Faults int
	// Detail sums up what operations, faults and crashes say besides: counts, limits, filters,
	// times.
	Detail int
	// Switches is the number of steps of another task than the step before, Steps that of all.
	Switches, Steps int
}

// SizeOf returns the size of a run.
func SizeOf(r *sim.Result) Size {
	s := Size{
		Operations: r.Program.Len(), Crashes: len(r.Crashes), Faults: len(r.Faults),
		Switches: switches(r.Schedule), Steps: len(r.Schedule),
	}
	for client := range r.Program.Clients {
		if !isEmpty(&r.Program, client) {
			s.Clients++
		}
	}
	streams := make(map[eventcore.StreamID]bool)
	for _, at := range places(&r.Program) {
		op := at.op(&r.Program)
		for _, id := range op.Streams {
			streams[id] = true
		}
		for _, id := range op.Reads {
			streams[id] = true
		}
		s.Detail += detail(op)
	}
	s.Clients = max(1, s.Clients)
	s.Streams = len(streams)
	for _, f := range r.Faults {
		s.Detail += f.After + digits(int64(f.Delay))
	}
	for _, c := range r.Crashes {
		s.Detail += crashDetail(c)
	}
	if r.History != nil {
		s.Events = sent(r.History)
	}
	return s
}

// sent returns the number of events of all appends.
func sent(h *linearizability.History) (n int) {
	for i := range h.Operations {
		n += len(h.Operations[i].Events)
	}
	return n
}

// Compare returns a negative number where s is smaller than o, 0 where they are equal.
func (s Size) Compare(o Size) int {
	return cmp.Or(
		cmp.Compare(s.Clients, o.Clients), cmp.Compare(s.Operations, o.Operations), cmp.Compare(s.Streams, o.Streams),
		cmp.Compare(s.Events, o.Events), cmp.Compare(s.Crashes, o.Crashes), cmp.Compare(s.Faults, o.Faults),
		cmp.Compare(s.Detail, o.Detail), cmp.Compare(s.Switches, o.Switches), cmp.Compare(s.Steps, o.Steps),
	)
}

// unbounded is larger than the size of any run.
func unbounded() Size { return Size{Clients: math.MaxInt} }

// String returns what people ask for first.
func (s Size) String() string {
	text := count(s.Clients, "client") + ", " + count(s.Operations, "operation") + ", " + count(s.Streams, "stream") + ", " + count(s.Events, "event")
	if s.Crashes > 0 {
		text += ", " + strings.Replace(count(s.Crashes, "crash"), "crashs", "crashes", 1)
	}
	if s.Faults > 0 {
		text += ", " + count(s.Faults, "fault")
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func switches(schedule []int) (n int) {
	for i := 1; i < len(schedule); i++ {
		if schedule[i] != schedule[i-1] {
			n++
		}
	}
	return n
}

// detail is what an operation says besides its streams.
func detail(op *scenarios.Op) int {
	n := len(op.Streams) + len(op.Reads) + digits(op.Amount) + op.Count + digits(int64(op.After)) + digits(int64(op.Limit)) //nolint:gosec // versions are small
	for _, text := range []string{op.Prefix, op.Pattern, op.Type} {
		if text != "" {
			n++
		}
	}
	if p := op.Projection; p != nil {
		for _, number := range []int{p.Die, p.Panic, p.Cancel, p.Lose, p.Flaky} {
			if number != 0 {
				n += 10 + number
			}
		}
		for _, on := range []bool{p.Lead, p.EachPage} {
			if on {
				n++
			}
		}
	}
	return n
}

// crashDetail counts what a crash is beyond the plainest, which loses all that was not synced.
func crashDetail(c sim.Crash) (n int) {
	if c.Kind != sim.CrashPower {
		n += 10
	}
	if c.At != "" {
		n++
	}
	if c.Again > 0 {
		n += 20 + c.Again
	}
	if c.Flip > 0 {
		n += 5
	}
	return n
}

// digits is the length of a number as text, 0 for 0.
func digits(n int64) (d int) {
	for ; n > 0; n /= 10 {
		d++
	}
	return d
}
