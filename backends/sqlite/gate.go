package sqlite

import (
	"context"
	"errors"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// ErrClosed is the cause of every failure of a store that was closed.
var ErrClosed = errors.New("the store is closed")

// gate lets a limited number of callers in at a time.
type gate struct {
	slots  chan struct{}
	closed chan struct{}
}

func newGate(n int) gate {
	return gate{slots: make(chan struct{}, n), closed: make(chan struct{})}
}

// enter waits for a slot, until the context is done or the gate is closed. name says
// in a simulation what is waited for.
func (g gate) enter(ctx context.Context, name string) error {
	for {
		// A closed gate or a done context must win over a free slot.
		if err := g.refused(ctx); err != nil {
			return err
		}
		select {
		case g.slots <- struct{}{}:
			return nil
		default:
		}
		// The holder of a slot may be a parked task: a simulated one must not block.
		if yield.Wait(ctx, name, func() bool { return len(g.slots) < cap(g.slots) || g.refused(ctx) != nil }) {
			continue
		}
		select {
		case g.slots <- struct{}{}:
			if err := g.refused(ctx); err != nil {
				g.leave()
				return err
			}
			return nil
		case <-ctx.Done():
		case <-g.closed:
		}
	}
}

func (g gate) leave() { <-g.slots }

// refused says why nobody may enter.
func (g gate) refused(ctx context.Context) error {
	select {
	case <-g.closed:
		return ErrClosed
	default:
		return ctx.Err()
	}
}

// close refuses all who wait and all who come, and returns once all who are in have
// left. It must be called once.
func (g gate) close() {
	close(g.closed)
	for range cap(g.slots) {
		g.slots <- struct{}{}
	}
}
