package mutant

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// heldConnection is what a store does that leaves a query open while the loop over its rows
// runs: each half-read sequence has a connection, and when all are taken nobody gets on.
func heldConnection() Mutant {
	return Mutant{
		Name: "held-connection", Doc: "A read keeps one of two connections until its loop has ended.", Layer: Backend,
		Wrap: func(inner eventcore.Store) eventcore.Store {
			pool := &connections{free: make(chan struct{}, 2)}
			return plant(inner, bug{append: pool.append, readStream: pool.readStream, readAll: pool.readAll})
		},
	}
}

type connections struct{ free chan struct{} }

func (c *connections) take(ctx context.Context) error {
	for {
		select {
		case c.free <- struct{}{}:
			return nil
		default:
		}
		if !yield.Wait(ctx, "mutant: a connection", func() bool { return len(c.free) < cap(c.free) || ctx.Err() != nil }) {
			select {
			case c.free <- struct{}{}:
				return nil
			case <-ctx.Done():
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

func (c *connections) give() { <-c.free }

func (c *connections) append(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	if err := c.take(ctx); err != nil {
		return eventcore.Appended{}, &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err}
	}
	defer c.give()
	return inner.Append(ctx, writes)
}

func (c *connections) readStream(ctx context.Context, inner eventcore.Store, id eventcore.StreamID, after eventcore.Version) events {
	return c.holding(ctx, eventcore.OpReadStream, inner.ReadStream(ctx, id, after))
}

func (c *connections) readAll(ctx context.Context, inner eventcore.AllReader, filter eventcore.Filter, after eventcore.Position, limit int) events {
	return c.holding(ctx, eventcore.OpReadAll, inner.ReadAll(ctx, filter, after, limit))
}

func (c *connections) holding(ctx context.Context, op eventcore.Operation, of events) events {
	return func(yield func(eventcore.Recorded, error) bool) {
		if err := c.take(ctx); err != nil {
			yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: op, Err: err})
			return
		}
		defer c.give()
		of(yield)
	}
}
