package eventcore

import (
	"context"
	"fmt"
	"time"
)

// TimeoutClock is a [Clock] that can bound a context by its own time, as
// [context.WithTimeout] does by the system's. A projection uses it, if the clock is one,
// for [WithStopTimeout]; a simulated clock should be one.
type TimeoutClock interface {
	Clock
	WithTimeout(parent context.Context, timeout time.Duration) (context.Context, context.CancelFunc)
}

// detached returns a context that outlives ctx, but not for ever.
func (r *projectionRun[E]) detached(ctx context.Context) (context.Context, context.CancelFunc) {
	settings := &r.machine.settings
	if clock, ok := settings.clock.(TimeoutClock); ok {
		return clock.WithTimeout(context.WithoutCancel(ctx), settings.stopTimeout)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), settings.stopTimeout)
}

// cancellation returns the context's error, and its cause where that says more.
func cancellation(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || cause.Error() == err.Error() {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}

func (r *projectionRun[E]) acquire(ctx context.Context) (token uint64, err error) {
	lease, err := r.machine.settings.coordinator.TryAcquire(ctx, r.machine.settings.subscription)
	if err != nil {
		return 0, err
	}
	r.lease = lease
	return lease.Token(), nil
}

// release gives the lease up. It is done with whatever comes of it.
func (r *projectionRun[E]) release(ctx context.Context) error {
	lease := r.lease
	r.lease = nil
	return lease.Release(ctx)
}

// abandon releases a lease that is still held where the run ends by a panic, which goes on.
func (r *projectionRun[E]) abandon(ctx context.Context) {
	if r.lease == nil {
		return
	}
	detached, cancel := r.detached(ctx)
	defer cancel()
	if err := r.release(detached); err != nil {
		r.machine.note(ProjectionNotice{Kind: NoticeReleaseFailed, Err: err})
		r.report(ctx)
	}
}
