package statetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Leases checks a [eventcore.Coordinator]. place returns an empty place for each check.
func Leases(t *testing.T, place func(testing.TB) Place[eventcore.Coordinator]) {
	t.Helper()
	all(t, leaseChecks(), place)
}

// LeasesRaced checks what Leases does of acquisitions that meet, for a place whose statements are those
// of one that Leases checks, and which differs in what they do when they meet.
func LeasesRaced(t *testing.T, place func(testing.TB) Place[eventcore.Coordinator]) {
	t.Helper()
	all(t, racedLeaseChecks(), place)
}

type leaseHandles = handles[eventcore.Coordinator]

func leaseChecks() []check[eventcore.Coordinator] {
	return append([]check[eventcore.Coordinator]{
		{name: "a held lease is refused at once", run: leaseRefused},
		{name: "a release lets the next one in", run: leaseReleased},
		{name: "a release that comes late takes nothing from the next holder", run: leaseReleasedLate},
		{name: "a lease outlives the context of its acquisition", run: leaseOutlives},
		{name: "subscriptions have leases of their own", run: leasesApart},
		{name: "tokens grow, also after reopening", run: tokensGrow},
		{name: "a done context is told", run: leaseCancelled},
		{name: "a release with a done context gives the lease up", run: leaseReleasedCancelled},
		{name: "the zero subscription is refused", run: leaseOfNone},
		{name: "closing the store loses the lease", run: leaseClosed, closes: true},
	}, racedLeaseChecks()...)
}

func racedLeaseChecks() []check[eventcore.Coordinator] {
	return []check[eventcore.Coordinator]{
		{name: "one of many acquirers leads", run: oneLeads},
		{name: "leaders that come and go never overlap", run: neverOverlap},
		{name: "the methods of a lease can be called at the same time", run: leaseShared},
	}
}

// orders is a subscription.
func orders() eventcore.SubscriptionID { return eventcore.MustSubscriptionID("orders") }

// acquire must get the lease.
func acquire(ctx context.Context, in *leaseHandles, from eventcore.Coordinator, of eventcore.SubscriptionID) (eventcore.Lease, error) {
	lease, err := try(ctx, in, from, of)
	if err != nil {
		return nil, fmt.Errorf("nobody leads %q, but the lease is not given: %w", of, err)
	}
	if err := lease.Check(ctx); err != nil {
		return nil, fmt.Errorf("the lease was given just now: %w", err)
	}
	return lease, nil
}

// try asks for the lease, and does not wait for long, not even for a store that does not
// heed its context.
func try(ctx context.Context, in *leaseHandles, from eventcore.Coordinator, of eventcore.SubscriptionID) (eventcore.Lease, error) {
	type answer struct {
		lease eventcore.Lease
		err   error
	}
	longest, cancelLongest := context.WithTimeout(ctx, 2*in.place.patience())
	defer cancelLongest()
	answers := make(chan answer, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, in.place.patience())
		defer cancel()
		lease, err := from.TryAcquire(ctx, of)
		answers <- answer{lease, err}
	}()
	select {
	case a := <-answers:
		return a.lease, a.err
	case <-longest.Done():
		return nil, fmt.Errorf("TryAcquire does not return, though its context has ended: %w", longest.Err())
	}
}

// wantHeld returns an error unless the lease is refused because it is held.
func wantHeld(ctx context.Context, in *leaseHandles, from eventcore.Coordinator, of eventcore.SubscriptionID) error {
	lease, err := try(ctx, in, from, of)
	if err == nil {
		return errors.Join(fmt.Errorf("%q has a leader, but the lease is given again, with token %d", of, lease.Token()), lease.Release(ctx))
	}
	return wantFailure(err, eventcore.OpAcquire, eventcore.ErrLeaseHeld)
}

// wantLost returns an error unless the lease says that it is lost.
func wantLost(ctx context.Context, lease eventcore.Lease) error {
	return wantFailure(lease.Check(ctx), eventcore.OpCheckLease, eventcore.ErrLeaseLost)
}

func leaseRefused(ctx context.Context, in *leaseHandles) error {
	one, other, err := in.two(ctx)
	if err != nil {
		return err
	}
	lease, err := acquire(ctx, in, one, orders())
	if err != nil {
		return err
	}
	for name, from := range map[string]eventcore.Coordinator{"same": one, "other": other} {
		if err := wantHeld(ctx, in, from, orders()); err != nil {
			return fmt.Errorf("through the %s handle: %w", name, err)
		}
	}
	if err := lease.Check(ctx); err != nil {
		return fmt.Errorf("after others were refused: %w", err)
	}
	return lease.Release(ctx)
}

func leaseReleased(ctx context.Context, in *leaseHandles) error {
	one, other, err := in.two(ctx)
	if err != nil {
		return err
	}
	for _, from := range []eventcore.Coordinator{one, other, other, one} {
		lease, err := acquire(ctx, in, from, orders())
		if err != nil {
			return err
		}
		for range 2 {
			if err := lease.Release(ctx); err != nil {
				return err
			}
			if err := wantLost(ctx, lease); err != nil {
				return fmt.Errorf("after the release: %w", err)
			}
		}
	}
	return nil
}

func leaseReleasedLate(ctx context.Context, in *leaseHandles) error {
	one, other, err := in.two(ctx)
	if err != nil {
		return err
	}
	for _, from := range []eventcore.Coordinator{one, other} {
		old, err := acquire(ctx, in, one, orders())
		if err != nil {
			return err
		}
		if err := old.Release(ctx); err != nil {
			return err
		}
		next, err := acquire(ctx, in, from, orders())
		if err != nil {
			return err
		}
		if err := errors.Join(old.Release(ctx), wantLost(ctx, old), next.Check(ctx), wantHeld(ctx, in, one, orders())); err != nil {
			return fmt.Errorf("after the old holder released again: %w", err)
		}
		if err := next.Release(ctx); err != nil {
			return err
		}
	}
	return nil
}

func leaseOutlives(ctx context.Context, in *leaseHandles) error {
	from, err := in.open(ctx)
	if err != nil {
		return err
	}
	short, cancel := context.WithCancel(ctx)
	defer cancel()
	lease, err := from.TryAcquire(short, orders())
	if err != nil {
		return err
	}
	cancel()
	// Who watches the context may need a moment.
	if err := (eventcore.SystemClock{}).Sleep(ctx, aMoment); err != nil {
		return err
	}
	if err := lease.Check(ctx); err != nil {
		return fmt.Errorf("after the context of the acquisition ended: %w", err)
	}
	return errors.Join(wantHeld(ctx, in, from, orders()), lease.Release(ctx))
}

func leasesApart(ctx context.Context, in *leaseHandles) error {
	one, other, err := in.two(ctx)
	if err != nil {
		return err
	}
	for _, name := range unusual() {
		lease, err := acquire(ctx, in, one, eventcore.MustSubscriptionID(name))
		if err != nil {
			return err
		}
		defer func() { _ = lease.Release(ctx) }()
	}
	for _, name := range unusual() {
		if err := wantHeld(ctx, in, other, eventcore.MustSubscriptionID(name)); err != nil {
			return fmt.Errorf("subscription %q: %w", name, err)
		}
	}
	return nil
}

func tokensGrow(ctx context.Context, in *leaseHandles) error {
	one, other, err := in.two(ctx)
	if err != nil {
		return err
	}
	var last uint64
	lead := func(from eventcore.Coordinator) error {
		lease, err := acquire(ctx, in, from, orders())
		if err != nil {
			return err
		}
		if lease.Token() <= last {
			return fmt.Errorf("the token is %d after %d", lease.Token(), last)
		}
		last = lease.Token()
		// Who is refused may use tokens up, but must not give one twice.
		return errors.Join(wantHeld(ctx, in, other, orders()), lease.Release(ctx))
	}
	for range 3 {
		if err := errors.Join(lead(one), lead(other), lead(one)); err != nil {
			return err
		}
		if one, err = in.reopen(ctx); err != nil {
			return err
		}
		if other, err = in.open(ctx); err != nil {
			return err
		}
		if err := lead(other); err != nil {
			return fmt.Errorf("after reopening: %w", err)
		}
	}
	return nil
}

func leaseOfNone(ctx context.Context, in *leaseHandles) error {
	from, err := in.open(ctx)
	if err != nil {
		return err
	}
	_, err = from.TryAcquire(ctx, eventcore.SubscriptionID{})
	return wantFailure(err, eventcore.OpAcquire, nil)
}
