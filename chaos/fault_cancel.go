package chaos

import (
	"context"
	"errors"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// cancel really cancels the context that the store works with; what the store
// makes of it is the store's, and is what the fault is for. A read that the store
// then ends without an error is passed on as it is: only the store knows whether it
// had reached its end, and a store that cuts streams short here must be seen to. A
// read that the store goes on with ends here at the next event.
//
// Whether anything is left when the consumer asks for more is not known before
// asking, so in a read this fires behind the last event too.
//
// An append is cancelled at a point where the simulator may interrupt it: at a statement, an
// operation on the disk, where it waits for others, or at one that the store names itself
// ([yield.Point]).
func cancel() behaviour {
	return behaviour{
		info: KindInfo{
			Kind:       Cancel,
			Doc:        "The caller gives up: its context is cancelled before the call, in the middle of a read, or at a point inside an append.",
			Operations: onAll(),
			Streamed:   true,
		},
		append: cancelAppend,
		read:   cancelRead,
		state:  cancelState,
		within: func(after int, r *reading) bool {
			return r.events > after || (r.events == after && r.end != broken)
		},
		passing: true,
	}
}

// pointed is a task that counts the points at which the code under test may be interrupted.
type pointed interface {
	Points() int
	// AtPoint has do called at the n-th point from now on, counted from 1.
	AtPoint(n int, do func()) (stop func())
}

// uncounted stands for the number of points where nobody counts them.
const uncounted = -1

// pointsOf returns the points that the task of the context has passed.
func pointsOf(ctx context.Context) int {
	if task, ok := yield.From(ctx).(pointed); ok {
		return task.Points()
	}
	return uncounted
}

// cancelAppend cancels before the call, or at one of the points at which the store may be
// interrupted in it. Where those cannot be counted, as outside a simulation, it is before.
func cancelAppend(ctx context.Context, s *strike, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	cancelled, cancel := cancellable(ctx)
	defer cancel()
	fired := false
	fire := func() {
		if s.fire(ctx) {
			fired = true
			cancel()
		}
	}
	if task, counts := yield.From(ctx).(pointed); counts && s.fault.After > 0 {
		defer task.AtPoint(s.fault.After, fire)()
	} else {
		fire()
	}
	result, err := inner.Append(cancelled, writes)
	if fired {
		err = markCancelled(err)
	}
	// Where it did not fire, a cancellation is the caller's own.
	return result, err
}

func cancelState(ctx context.Context, s *strike, do func(ctx context.Context) error) error {
	// A fault after some events is meant for a read.
	if s.fault.After > 0 || !s.fire(ctx) {
		return do(ctx)
	}
	cancelled, stop := cancellable(ctx)
	stop()
	return markCancelled(do(cancelled))
}

func cancelRead(ctx context.Context, s *strike, r *reading, yield pushread.Consumer) {
	cancellable, stop := cancellable(ctx)
	defer stop()
	fired := false
	strikeAfter := func(events int) {
		if s.fault.After == events && s.fire(ctx) {
			fired = true
			stop()
		}
	}
	strikeAfter(0)
	for event, err := range r.steps(cancellable) {
		if fired {
			if err == nil {
				err = &eventcore.StoreFailure{Operation: r.op, Err: context.Canceled}
			}
			yield(eventcore.Recorded{}, markCancelled(err))
			return
		}
		if !yield(event, err) || err != nil {
			return
		}
		strikeAfter(r.events)
	}
}

// cancellable returns a context and what cancels it. Its cause is marked, for
// stores that report the cause.
func cancellable(ctx context.Context) (context.Context, func()) {
	ctx, stop := context.WithCancelCause(ctx)
	return ctx, func() { stop(&injected{Cancel, context.Canceled}) }
}

// markCancelled marks what a store made of the cancelled context. An error of
// another origin, such as a conflict it found first, is left as it is.
func markCancelled(err error) error {
	if err == nil || !errors.Is(err, context.Canceled) || errors.Is(err, ErrInjected) {
		return err
	}
	return &injected{Cancel, err}
}
