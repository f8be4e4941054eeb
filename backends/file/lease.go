package file

import (
	"context"
	"fmt"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// errReleased is what the check of a lease says that was given up.
var errReleased = fmt.Errorf("%w: it was released, or its store was closed", eventcore.ErrLeaseLost)

// tokenFile has the last token that was given. It is not among the state, since it cannot
// be made again.
const tokenFile = leasesDir + "/token"

// token is what the file of the token has.
type token struct {
	Format int    `json:"format"`
	Token  uint64 `json:"token"`
}

// leaders are those who lead. The store has its directory for itself, so they are all in
// this process.
type leaders struct {
	mu sync.Mutex
	of map[eventcore.SubscriptionID]*lease
	// last is the greatest token that was written, or may have been. Who is in the shelf of
	// the leases owns it.
	last uint64
}

func (l *leaders) held(subscription eventcore.SubscriptionID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of[subscription] != nil
}

// TryAcquire implements [eventcore.Coordinator]. The token is one for all subscriptions. It
// is durable before it is given, whatever the policy, so that none is given twice; unless
// leases/token is deleted, which must not be done while anybody remembers a token.
func (s *Store) TryAcquire(ctx context.Context, subscription eventcore.SubscriptionID) (eventcore.Lease, error) {
	if subscription.IsZero() {
		return nil, failed(eventcore.OpAcquire, errNoSubscription)
	}
	l := &lease{store: s, subscription: subscription}
	err := s.leases.in(ctx, func() (err error) {
		if s.leaders.held(subscription) {
			return eventcore.ErrLeaseHeld
		}
		if l.token, err = s.nextToken(ctx); err != nil {
			return err
		}
		s.leaders.mu.Lock()
		defer s.leaders.mu.Unlock()
		s.leaders.of[subscription] = l
		return nil
	})
	if err != nil {
		return nil, failed(eventcore.OpAcquire, err)
	}
	return l, nil
}

// nextToken returns a token that is greater than all that were given.
func (s *Store) nextToken(ctx context.Context) (uint64, error) {
	content, found, err := s.leases.read(tokenFile)
	if err != nil {
		return 0, err
	}
	next := token{Format: format}
	if found {
		if err := unsealed(content, &next); err != nil {
			return 0, fmt.Errorf("%w: %s, the last token of a lease: %w; %s, or delete it once nobody remembers a token any more",
				ErrDamaged, tokenFile, err, bringBack)
		}
		if next.Format != format {
			return 0, fmt.Errorf("%s: it has format %d, this program knows %d; %s", tokenFile, next.Format, format, newer)
		}
	}
	// One that could not be written for certain is not used again.
	next.Token = max(next.Token, s.leaders.last) + 1
	s.leaders.last = next.Token
	if content, err = sealed(next); err != nil {
		return 0, err
	}
	return next.Token, s.leases.write(ctx, tokenFile, content, FsyncAlways)
}

// lease is a leadership.
type lease struct {
	store        *Store
	subscription eventcore.SubscriptionID
	token        uint64
}

// Token implements [eventcore.Lease].
func (l *lease) Token() uint64 { return l.token }

// Check implements [eventcore.Lease].
func (l *lease) Check(ctx context.Context) error {
	leaders := &l.store.leaders
	leaders.mu.Lock()
	held := leaders.of[l.subscription] == l
	leaders.mu.Unlock()
	err := ctx.Err()
	if !held || l.store.leases.gate.Closed() {
		err = errReleased
	}
	if err != nil {
		return &eventcore.StoreFailure{Operation: eventcore.OpCheckLease, Err: err}
	}
	return nil
}

// Release implements [eventcore.Lease]. It needs no context: a holder that is told to stop
// gives the lease up as well.
func (l *lease) Release(context.Context) error {
	leaders := &l.store.leaders
	leaders.mu.Lock()
	defer leaders.mu.Unlock()
	if leaders.of[l.subscription] == l {
		delete(leaders.of, l.subscription)
	}
	return nil
}
