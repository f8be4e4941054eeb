// Package gate limits how many callers work at a time, and knows of simulated ones.
package gate

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// Gate lets a limited number of callers in at a time. It is safe for concurrent use.
type Gate struct {
	slots   chan struct{}
	closed  chan struct{}
	refusal error
}

// New returns a gate for n callers. refusal is what those get who come after it was
// closed.
func New(n int, refusal error) Gate {
	return Gate{slots: make(chan struct{}, n), closed: make(chan struct{}), refusal: refusal}
}

// Enter waits for a slot, until the context is done or the gate is closed. name says
// in a simulation what is waited for.
func (g Gate) Enter(ctx context.Context, name string) error {
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
				g.Leave()
				return err
			}
			return nil
		case <-ctx.Done():
		case <-g.closed:
		}
	}
}

// Leave gives the slot back.
func (g Gate) Leave() { <-g.slots }

// refused says why nobody may enter.
func (g Gate) refused(ctx context.Context) error {
	select {
	case <-g.closed:
		return g.refusal
	default:
		return ctx.Err()
	}
}

// Close refuses all who wait and all who come, and returns once all who are in have
// left. It must be called once.
func (g Gate) Close() {
	close(g.closed)
	for range cap(g.slots) {
		g.slots <- struct{}{}
	}
}

// Closed says whether the gate was closed.
func (g Gate) Closed() bool {
	select {
	case <-g.closed:
		return true
	default:
		return false
	}
}
