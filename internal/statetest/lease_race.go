package statetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const (
	acquirers = 16
	// acquireRounds is how often they all start at the same moment.
	acquireRounds = 4
	// acquireTries is how often each tries where they come and go.
	acquireTries = 5
)

// oneLeads has many acquirers ask at the same moment; who gets the lease keeps it until
// all have an answer.
func oneLeads(ctx context.Context, in *leaseHandles) error {
	one, other, err := in.two(ctx)
	if err != nil {
		return err
	}
	var last uint64
	for round := range acquireRounds {
		leases, errs := make([]eventcore.Lease, acquirers), make([]error, acquirers)
		var group sync.WaitGroup
		start := make(chan struct{})
		for i := range acquirers {
			from := []eventcore.Coordinator{one, other}[i%2]
			group.Go(func() {
				<-start
				leases[i], errs[i] = try(ctx, in, from, orders())
			})
		}
		close(start)
		group.Wait()
		if last, err = soleLeader(ctx, leases, errs, last); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
	}
	return nil
}

// soleLeader returns the token of the one lease that was given, and releases it.
func soleLeader(ctx context.Context, leases []eventcore.Lease, errs []error, last uint64) (uint64, error) {
	var leader eventcore.Lease
	for i, lease := range leases {
		if errs[i] != nil {
			if err := wantFailure(errs[i], eventcore.OpAcquire, eventcore.ErrLeaseHeld); err != nil {
				return 0, err
			}
			continue
		}
		if leader != nil {
			return 0, fmt.Errorf("two lead, with the tokens %d and %d", leader.Token(), lease.Token())
		}
		leader = lease
	}
	if leader == nil {
		return 0, errors.New("nobody leads, though nobody led before")
	}
	if leader.Token() <= last {
		return 0, fmt.Errorf("the token is %d after %d", leader.Token(), last)
	}
	return leader.Token(), errors.Join(leader.Check(ctx), leader.Release(ctx))
}

// throne tells who leads.
type throne struct {
	mu    sync.Mutex
	taken bool
	last  uint64
	times int
}

func (t *throne) take(token uint64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken {
		return fmt.Errorf("two lead, with the tokens %d and %d", t.last, token)
	}
	if token <= t.last {
		return fmt.Errorf("the token is %d after %d", token, t.last)
	}
	t.taken, t.last = true, token
	t.times++
	return nil
}

func (t *throne) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken = false
}

// neverOverlap has many acquirers come and go without any order.
func neverOverlap(ctx context.Context, in *leaseHandles) error {
	one, other, err := in.two(ctx)
	if err != nil {
		return err
	}
	var t throne
	var group sync.WaitGroup
	errs := make([]error, acquirers)
	for i := range acquirers {
		from := []eventcore.Coordinator{one, other}[i%2]
		group.Go(func() {
			for range acquireTries {
				if errs[i] = t.visit(ctx, in, from); errs[i] != nil {
					return
				}
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if t.times == 0 {
		return errors.New("nobody ever led")
	}
	return nil
}

// visit tries once, and leads for a moment if it can.
func (t *throne) visit(ctx context.Context, in *leaseHandles, from eventcore.Coordinator) error {
	lease, err := try(ctx, in, from, orders())
	if err != nil {
		return wantFailure(err, eventcore.OpAcquire, eventcore.ErrLeaseHeld)
	}
	if err := t.take(lease.Token()); err != nil {
		return err
	}
	// The others try meanwhile.
	err = errors.Join((eventcore.SystemClock{}).Sleep(ctx, pause), lease.Check(ctx))
	// First, since the next may lead before the release returns.
	t.leave()
	return errors.Join(err, lease.Release(ctx))
}

// leaseShared releases a lease while others check and release it too.
func leaseShared(ctx context.Context, in *leaseHandles) error {
	from, err := in.open(ctx)
	if err != nil {
		return err
	}
	lease, err := acquire(ctx, in, from, orders())
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	errs := make([]error, racers)
	for i := range errs {
		group.Go(func() {
			if err := lease.Check(ctx); err != nil && !errors.Is(err, eventcore.ErrLeaseLost) {
				errs[i] = err
				return
			}
			errs[i] = errors.Join(lease.Release(ctx), wantLost(ctx, lease))
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	next, err := acquire(ctx, in, from, orders())
	if err != nil {
		return err
	}
	return next.Release(ctx)
}
