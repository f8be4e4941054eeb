package memory

import (
	"context"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// errReleased is what the check of a lease says that was given up.
var errReleased = fmt.Errorf("%w: it was released", eventcore.ErrLeaseLost)

// leadership is who leads a subscription.
type leadership struct {
	// holder is nil where nobody leads.
	holder *lease
	// token is the last that was given.
	token uint64
}

// TryAcquire implements [eventcore.Coordinator]. Like the store a lease ends with the
// process, else with its release alone.
func (s *Store) TryAcquire(ctx context.Context, subscription eventcore.SubscriptionID) (eventcore.Lease, error) {
	if err := refuses(ctx, subscription); err != nil {
		return nil, &eventcore.StoreFailure{Operation: eventcore.OpAcquire, Outcome: eventcore.OutcomeNotApplied, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.leaders[subscription]
	if found == nil {
		found = &leadership{}
		s.leaders[subscription] = found
	}
	if found.holder != nil {
		return nil, &eventcore.StoreFailure{Operation: eventcore.OpAcquire, Outcome: eventcore.OutcomeNotApplied, Err: eventcore.ErrLeaseHeld}
	}
	found.token++
	found.holder = &lease{store: s, of: found, token: found.token}
	return found.holder, nil
}

// lease is held as long as it is its leadership's holder.
type lease struct {
	store *Store
	of    *leadership
	token uint64
}

// Token implements [eventcore.Lease].
func (l *lease) Token() uint64 { return l.token }

// Check implements [eventcore.Lease].
func (l *lease) Check(ctx context.Context) error {
	l.store.mu.RLock()
	held := l.of.holder == l
	l.store.mu.RUnlock()
	if !held {
		return &eventcore.StoreFailure{Operation: eventcore.OpCheckLease, Err: errReleased}
	}
	if err := ctx.Err(); err != nil {
		return &eventcore.StoreFailure{Operation: eventcore.OpCheckLease, Err: err}
	}
	return nil
}

// Release implements [eventcore.Lease]. It needs no context: a holder that is told to
// stop gives the lease up as well.
func (l *lease) Release(context.Context) error {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	if l.of.holder == l {
		l.of.holder = nil
	}
	return nil
}
