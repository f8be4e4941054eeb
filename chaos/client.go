package chaos

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// client is what an injector knows of one client. It is not locked: one client's
// calls come one after the other.
type client struct {
	in    *Injector
	id    int
	calls int
	// requests is the number of those to the server.
	requests int
	// operations is the number of those on the disk.
	operations int
	// named are the single faults of the client that are still to come, by call; onRequests
	// those of its requests, onDisk those of its operations on the disk.
	named, onRequests, onDisk []Fault
	tallies                   [kindEnd]tally
	// reads are those that have ended, for further ones.
	reads []*reading
	// struck counts by operation what tallies counts by kind.
	struck map[eventcore.Operation]Struck
}

// Struck is how often the calls of an operation suffered a fault of any kind.
type Struck struct {
	Fired int
	// Expected is how often they should have by the rates and the single faults of the plan.
	Expected float64
}

// count adds to what is known of an operation.
func (c *client) count(op eventcore.Operation, fired int, expected float64) {
	if c.struck == nil {
		c.struck = make(map[eventcore.Operation]Struck)
	}
	of := c.struck[op]
	c.struck[op] = Struck{of.Fired + fired, of.Expected + expected}
}

// tally counts what became of one kind.
type tally struct {
	fired int
	// tried are the eligible calls of a rate, named those of a single fault.
	tried, named int
}

func newClient(in *Injector, id int) *client {
	c := &client{in: in, id: id}
	for _, f := range in.config.Plan.Faults {
		switch {
		case f.Client != id:
		case f.Kind.OnRequest():
			c.onRequests = append(c.onRequests, f)
		case f.Kind.OnDisk():
			c.onDisk = append(c.onDisk, f)
		default:
			c.named = append(c.named, f)
		}
	}
	byCall := func(a, b Fault) int { return a.Call - b.Call }
	slices.SortFunc(c.named, byCall)
	slices.SortFunc(c.onRequests, byCall)
	slices.SortFunc(c.onDisk, byCall)
	return c
}

// idle says that no call of this client can fail any more.
func (c *client) idle() bool {
	return c.in.healed.Load() || (len(c.in.rates) == 0 && len(c.named) == 0)
}

// call is one call of a client.
type call struct {
	client *client
	op     eventcore.Operation
	number int
	// participants is their number in an append.
	participants int
	// misses is the number of rates that were tried and did not hit.
	misses int
}

func (c *client) begin(op eventcore.Operation, participants int) call {
	c.calls++
	return call{client: c, op: op, number: c.calls - 1, participants: participants}
}

// choose returns the strike that this call is to suffer, nil for none. Only a
// strike allocates.
func (c *call) choose() *strike {
	client := c.client
	if len(client.named) > 0 && client.named[0].Call == c.number {
		fault := client.named[0]
		client.named = client.named[1:]
		if !c.canHave(fault.Kind) {
			return nil
		}
		return &strike{call: *c, fault: fault, named: true}
	}
	for _, rate := range client.in.rates {
		if !rate.Kind.OnCall() {
			break // and all behind it
		}
		if c.canHave(rate.Kind) {
			draw := draw{client.in.config.Seed, client.id, c.number, rate}
			if draw.hits() {
				return &strike{call: *c, fault: draw.fault(c.op), rate: rate.P}
			}
			if !c.dependsOnEvents(rate.Kind) {
				client.tallies[rate.Kind].tried++
				client.count(c.op, 0, rate.P)
			}
		}
		c.misses++
	}
	return nil
}

// canHave says whether a fault of that kind can hit this call, as far as is known
// before it is made.
func (c *call) canHave(kind Kind) bool {
	b := &c.client.in.behaviours[kind]
	switch c.op {
	case eventcore.OpAppend:
		return b.append != nil && (kind != Conflict || c.participants > 0)
	case eventcore.OpReadStream, eventcore.OpReadAll:
		return b.read != nil
	default:
		return b.state != nil
	}
}

// dependsOnEvents says that only the end of the call tells whether the kind could
// have fired.
func (c *call) dependsOnEvents(kind Kind) bool {
	b := &c.client.in.behaviours[kind]
	switch c.op {
	case eventcore.OpAppend:
		return b.passing
	case eventcore.OpReadStream, eventcore.OpReadAll:
		return b.within != nil
	default:
		return false
	}
}

// settle counts the rates that were tried and missed but whose occasion depends on what was
// read, or on the points that an append has passed. within says whether a fault of that kind
// would have fired.
func (c *call) settle(within func(b *behaviour, after int) bool) {
	client := c.client
	if client.in.healed.Load() {
		return
	}
	for _, rate := range client.in.rates[:c.misses] {
		if !c.canHave(rate.Kind) || !c.dependsOnEvents(rate.Kind) {
			continue
		}
		draw := draw{client.in.config.Seed, client.id, c.number, rate}
		if within(&client.in.behaviours[rate.Kind], draw.fault(c.op).After) {
			client.tallies[rate.Kind].tried++
			client.count(c.op, 0, rate.P)
		}
	}
}
