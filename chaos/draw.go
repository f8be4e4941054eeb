package chaos

import (
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
)

// draw is the chance of one rate on one call. All that it tells is a pure function
// of its fields, so that neither the schedule nor another fault shifts it.
type draw struct {
	seed         uint64
	client, call int
	rate         Rate
}

func (d draw) key(purpose string) uint64 {
	return prng.Key(d.seed, purpose, uint64(d.client), uint64(d.call), uint64(d.rate.Kind))
}

func (d draw) hits() bool { return prng.Float(d.key("faults")) < d.rate.P }

// fault returns the fault that a hit on a call of that operation is.
func (d draw) fault(op eventcore.Operation) Fault {
	f := Fault{Kind: d.rate.Kind, Client: d.client, Call: d.call}
	read := op == eventcore.OpReadStream || op == eventcore.OpReadAll
	if f.Kind.streamed() && read || f.Kind == Cancel && op == eventcore.OpAppend {
		f.After = d.after()
	}
	if f.Kind == NetHalfOpen {
		// A tenth to twice the time.
		f.After = 1 + int(d.key("faults after")%(2*tenths))
	}
	if f.Kind == NetRefused {
		f.After = int(d.key("faults after") % refusals)
	}
	if f.Kind == NetCutResult {
		f.After = d.after()
	}
	if f.Kind.timed() {
		f.Delay = d.delay()
	}
	return f
}

// after returns a number of events from 0 to 15, small ones more often: most
// streams are short, while bugs of paging need some length.
func (d draw) after() int {
	key := d.key("faults after")
	width := uint64(1) << (key >> 32 % 5)
	return int(key & (width - 1))
}

// delay returns a whole number of hundredths of the longest delay, so that delays
// are short to read and now and then equal.
func (d draw) delay() time.Duration {
	hundredths := int64(d.key("faults delay")%100 + 1)
	return max(1, time.Duration(int64(d.rate.Delay)*hundredths/100))
}
