package mutant

import (
	"context"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/lapse"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// coordinator is a coordinator with a bug.
type coordinator struct {
	inner   eventcore.Coordinator
	acquire func(ctx context.Context, inner eventcore.Coordinator, id eventcore.SubscriptionID) (eventcore.Lease, error)
}

func (c *coordinator) TryAcquire(ctx context.Context, id eventcore.SubscriptionID) (eventcore.Lease, error) {
	return c.acquire(ctx, c.inner, id)
}

// changed is a lease with a bug.
type changed struct {
	eventcore.Lease
	token   uint64
	check   func(ctx context.Context) error
	release func(ctx context.Context) error
}

func (l *changed) Token() uint64                     { return l.token }
func (l *changed) Check(ctx context.Context) error   { return l.check(ctx) }
func (l *changed) Release(ctx context.Context) error { return l.release(ctx) }

func change(l eventcore.Lease) *changed {
	return &changed{Lease: l, token: l.Token(), check: l.Check, release: l.Release}
}

// sharedLease looks whether there is a leader and then makes one, in two steps: two who
// ask at the same time both lead.
func sharedLease() Mutant {
	return Mutant{
		Name: "shared-lease", Doc: "Whether a subscription is led is looked up first and written later, so that two can lead it.", Layer: Backend,
		Coordinator: func(inner eventcore.Coordinator) eventcore.Coordinator {
			s := &sharedLeases{leaders: make(map[eventcore.SubscriptionID]int)}
			return &coordinator{inner, s.acquire}
		},
	}
}

type sharedLeases struct {
	mu      sync.Mutex
	leaders map[eventcore.SubscriptionID]int
	token   uint64
}

func (s *sharedLeases) led(id eventcore.SubscriptionID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leaders[id] > 0
}

func (s *sharedLeases) acquire(ctx context.Context, _ eventcore.Coordinator, id eventcore.SubscriptionID) (eventcore.Lease, error) {
	if s.led(id) {
		return nil, refusedLease(eventcore.ErrLeaseHeld)
	}
	yield.Point(ctx, "mutant: between look-up and write of the leader")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaders[id]++
	s.token++
	held := true
	return &changed{
		token: s.token,
		check: func(ctx context.Context) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if !held {
				return &eventcore.StoreFailure{Operation: eventcore.OpCheckLease, Err: eventcore.ErrLeaseLost}
			}
			return ctx.Err()
		},
		release: func(context.Context) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if held {
				held = false
				s.leaders[id]--
			}
			return nil
		},
	}, nil
}

func refusedLease(cause error) error {
	return &eventcore.StoreFailure{Operation: eventcore.OpAcquire, Outcome: eventcore.OutcomeNotApplied, Err: cause}
}

// leaseForEver keeps leaders in a table. The row of one that dies stays.
func leaseForEver() Mutant {
	return Mutant{
		Name: "lease-for-ever", Doc: "A lease that its holder does not give back, because it is dead or cut off, never ends.", Layer: Backend,
		Coordinator: func(inner eventcore.Coordinator) eventcore.Coordinator {
			rows := &leaderRows{led: make(map[eventcore.SubscriptionID]bool)}
			return &coordinator{inner, rows.acquire}
		},
	}
}

type leaderRows struct {
	mu  sync.Mutex
	led map[eventcore.SubscriptionID]bool
}

func (r *leaderRows) get(id eventcore.SubscriptionID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.led[id]
}

func (r *leaderRows) set(id eventcore.SubscriptionID, led bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.led[id] = led
}

func (r *leaderRows) acquire(ctx context.Context, inner eventcore.Coordinator, id eventcore.SubscriptionID) (eventcore.Lease, error) {
	if r.get(id) {
		return nil, refusedLease(eventcore.ErrLeaseHeld)
	}
	given, err := inner.TryAcquire(ctx, id)
	if err != nil {
		return nil, err
	}
	r.set(id, true)
	lease := change(given)
	lease.release = func(ctx context.Context) error {
		err := given.Release(ctx)
		if err == nil && !lapse.Marked(ctx) {
			r.set(id, false)
		}
		return err
	}
	return lease, nil
}

// repeatedToken counts the leaderships of a process, not those of a subscription: the token
// of a new leader is not always greater than that of the one before.
func repeatedToken() Mutant {
	return Mutant{
		Name: "repeated-token", Doc: "The token of a leader is one that an earlier leader had.", Layer: Backend,
		Coordinator: onLease(func(lease *changed) { lease.token = 1 + lease.token%3 }),
	}
}

// staleCheck answers from memory, and does not know that the connection is lost.
func staleCheck() Mutant {
	return Mutant{
		Name: "stale-check", Doc: "The check of a lease says that it is held, whatever became of it.", Layer: Backend,
		Coordinator: onLease(func(lease *changed) { lease.check = func(ctx context.Context) error { return ctx.Err() } }),
	}
}

// onLease changes each lease that is given.
func onLease(plant func(*changed)) func(eventcore.Coordinator) eventcore.Coordinator {
	return func(inner eventcore.Coordinator) eventcore.Coordinator {
		return &coordinator{inner, func(ctx context.Context, inner eventcore.Coordinator, id eventcore.SubscriptionID) (eventcore.Lease, error) {
			given, err := inner.TryAcquire(ctx, id)
			if err != nil {
				return nil, err
			}
			lease := change(given)
			plant(lease)
			return lease, nil
		}}
	}
}
