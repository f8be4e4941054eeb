package statetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func leaseCancelled(ctx context.Context, in *leaseHandles) error {
	from, err := in.open(ctx)
	if err != nil {
		return err
	}
	_, err = from.TryAcquire(cancelled(ctx), orders())
	if err := wantFailure(err, eventcore.OpAcquire, context.Canceled); err != nil {
		return err
	}
	// What was refused is held by nobody.
	lease, err := acquire(ctx, in, from, orders())
	if err != nil {
		return err
	}
	err = lease.Check(cancelled(ctx))
	if err := wantFailure(err, eventcore.OpCheckLease, context.Canceled); err != nil {
		return err
	}
	if errors.Is(err, eventcore.ErrLeaseLost) {
		return fmt.Errorf("a check with a done context says of a lease that is held: %w", err)
	}
	if err := lease.Check(ctx); err != nil {
		return fmt.Errorf("after a check with a done context: %w", err)
	}
	return errors.Join(wantHeld(ctx, in, from, orders()), lease.Release(ctx))
}

// leaseReleasedCancelled releases with a context that is done, as programs do that are
// told to stop. Either it is released, or the release says that the context is done and
// the lease is free soon: a server may need a moment.
func leaseReleasedCancelled(ctx context.Context, in *leaseHandles) error {
	from, err := in.open(ctx)
	if err != nil {
		return err
	}
	lease, err := acquire(ctx, in, from, orders())
	if err != nil {
		return err
	}
	if err := lease.Release(cancelled(ctx)); err != nil {
		if err := wantFailure(err, eventcore.OpReleaseLease, context.Canceled); err != nil {
			return err
		}
	}
	if err := errors.Join(wantLost(ctx, lease), lease.Release(ctx)); err != nil {
		return fmt.Errorf("after the release: %w", err)
	}
	// The garbage collector must not release it instead.
	defer runtime.KeepAlive(lease)
	return soon(ctx, in, from)
}

const (
	// pause is the time between two tries.
	pause = time.Millisecond
	// aMoment is what a goroutine needs that is to do something by itself.
	aMoment = 20 * time.Millisecond
)

// soon must get the lease before patience ends.
func soon(ctx context.Context, in *leaseHandles, from eventcore.Coordinator) error {
	ctx, cancel := context.WithTimeout(ctx, in.place.patience())
	defer cancel()
	for {
		lease, err := from.TryAcquire(ctx, orders())
		if err == nil {
			return lease.Release(ctx)
		}
		if !errors.Is(err, eventcore.ErrLeaseHeld) {
			return err
		}
		if (eventcore.SystemClock{}).Sleep(ctx, pause) != nil {
			return fmt.Errorf("the lease is not free: %w", err)
		}
	}
}

func leaseClosed(ctx context.Context, in *leaseHandles) error {
	leader, err := in.place.Open(ctx)
	if err != nil {
		return err
	}
	other, err := in.open(ctx)
	if err != nil {
		return errors.Join(err, in.place.Close(leader))
	}
	lease, err := acquire(ctx, in, leader, orders())
	if err := errors.Join(err, in.place.Close(leader)); err != nil {
		return err
	}
	if err := wantLost(ctx, lease); err != nil {
		return fmt.Errorf("after its store was closed: %w", err)
	}
	_, err = leader.TryAcquire(ctx, orders())
	if err := wantFailure(err, eventcore.OpAcquire, nil); err != nil {
		return fmt.Errorf("from a closed store: %w", err)
	}
	if errors.Is(err, eventcore.ErrLeaseHeld) {
		return fmt.Errorf("a closed store takes itself for the holder: %w", err)
	}
	next, err := acquire(ctx, in, other, orders())
	if err != nil {
		return fmt.Errorf("after the leader's store was closed: %w", err)
	}
	// The old holder's release must not touch the new one's lease.
	return errors.Join(lease.Release(ctx), next.Check(ctx), wantHeld(ctx, in, other, orders()), next.Release(ctx))
}
