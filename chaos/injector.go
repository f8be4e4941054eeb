package chaos

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// Config is what an [Injector] works with.
type Config struct {
	// Plan says what fails.
	Plan Plan
	// Seed decides which calls the rates hit.
	Seed uint64
	// Clock is what delays sleep on. A plan with delays needs one.
	Clock eventcore.Clock
	// Observe, where not nil, is told of each fault as it fires, with the context
	// of the call and on its goroutine.
	Observe func(ctx context.Context, fault Fault)
}

// Injector carries out a plan on the stores it wraps. Each client's store is for
// one goroutine at a time; different clients may run in parallel, and Heal may be
// called at any time.
type Injector struct {
	config     Config
	behaviours [kindEnd]behaviour
	rates      []Rate // in the order of the kinds
	healed     atomic.Bool

	mu      sync.Mutex // guards what follows
	clients []*client  // in the order of their first Wrap
	log     []Fault
}

// NewInjector returns an injector. It panics if the plan is not valid
// ([Plan.Validate]) or has delays and there is no clock: both are mistakes of the
// program, not of its input.
func NewInjector(config Config) *Injector {
	if err := config.Plan.Validate(); err != nil {
		panic(err)
	}
	if config.Clock == nil && config.Plan.timed() {
		panic("chaos: Config.Clock is nil but the plan has delays; set it to the clock of the run")
	}
	rates := slices.Clone(config.Plan.Rates)
	slices.SortFunc(rates, func(a, b Rate) int { return int(a.Kind) - int(b.Kind) })
	return &Injector{config: config, behaviours: behaviours(), rates: rates}
}

// Wrap returns the store as that client sees it. It implements
// [eventcore.AllReader] if and only if store does, and nothing else: who closes the
// store closes store itself. Where the plan has nothing for the client, or after
// Heal, it is store itself. Wrapping again for a client, for instance a store that
// was opened anew, goes on counting its calls.
func (in *Injector) Wrap(id int, store eventcore.Store) eventcore.Store {
	c := in.client(id)
	if c.idle() {
		return store
	}
	w := &wrapper{client: c, inner: store, streams: pushread.Of(store)}
	if all, ok := store.(eventcore.AllReader); ok {
		return &allWrapper{w, pushread.OfAll(all)}
	}
	return w
}

func (in *Injector) client(id int) *client {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, c := range in.clients {
		if c.id == id {
			return c
		}
	}
	c := newClient(in, id)
	in.clients = append(in.clients, c)
	return c
}

// Calls returns the number of calls that the client has made, as [Fault.Call] counts them;
// 0 for one that the plan has nothing for.
func (in *Injector) Calls(id int) int {
	return in.count(id, func(c *client) int { return c.calls })
}

// Requests returns the number of requests that the client's store has sent, and
// DiskOperations that of the operations it has done on its disk, likewise.
func (in *Injector) Requests(id int) int {
	return in.count(id, func(c *client) int { return c.requests })
}

// DiskOperations is described with Requests.
func (in *Injector) DiskOperations(id int) int {
	return in.count(id, func(c *client) int { return c.operations })
}

func (in *Injector) count(id int, of func(*client) int) int {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, c := range in.clients {
		if c.id == id {
			return of(c)
		}
	}
	return 0
}

// Heal ends all injections, delays included: no fault fires once it has returned,
// not even in a call or read that has begun. A delay that has begun is slept out.
func (in *Injector) Heal() { in.healed.Store(true) }

// Log returns the faults that fired, in the order in which they did. Made into a
// plan with [Explicit] they fire again on the same calls. Where clients ran in
// parallel only the order of each client's own faults is the same in every run; the
// plan means the same whatever the order.
func (in *Injector) Log() []Fault {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.log)
}

// Fired returns how many faults of a kind fired. Like Eligible and Expected it is
// for when no client is inside a call.
func (in *Injector) Fired(kind Kind) int {
	return in.sum(kind, func(t tally) int { return t.fired })
}

// Eligible returns the number of calls in which a fault of that kind fired or would
// have, had its draw hit: calls of the right operation that no other fault had
// taken and, for faults in the middle of a read, reads that got as far as the fault
// was drawn for. It is 0 for kinds that are not in the plan.
func (in *Injector) Eligible(kind Kind) int {
	return in.sum(kind, func(t tally) int { return t.tried + t.named })
}

// Expected returns how many faults of a kind were to be expected: its rate for each
// eligible call, and 1 for each single fault whose call was eligible. A run that
// expected many and fired none has tested nothing. Where several kinds hit reads it
// is a little low: a read that one of them cut short is not known to have held what
// the others wait for.
func (in *Injector) Expected(kind Kind) float64 {
	expected := float64(in.sum(kind, func(t tally) int { return t.named }))
	for _, r := range in.rates {
		if r.Kind == kind {
			expected += r.P * float64(in.sum(kind, func(t tally) int { return t.tried }))
		}
	}
	return expected
}

// Struck returns by operation how often its calls suffered a fault. Operations that were
// never called under faults are not in it. It is for when no client is inside a call.
func (in *Injector) Struck() map[eventcore.Operation]Struck {
	in.mu.Lock()
	defer in.mu.Unlock()
	all := make(map[eventcore.Operation]Struck)
	for _, c := range in.clients {
		for op, n := range c.struck {
			all[op] = Struck{all[op].Fired + n.Fired, all[op].Expected + n.Expected}
		}
	}
	return all
}

func (in *Injector) sum(kind Kind, count func(tally) int) int {
	in.mu.Lock()
	defer in.mu.Unlock()
	n := 0
	if kind.valid() {
		for _, c := range in.clients {
			n += count(c.tallies[kind])
		}
	}
	return n
}

func (in *Injector) note(ctx context.Context, fault Fault) {
	in.mu.Lock()
	in.log = append(in.log, fault)
	in.mu.Unlock()
	if in.config.Observe != nil {
		in.config.Observe(ctx, fault)
	}
}
