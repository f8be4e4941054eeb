package eventcoretest

import (
	"context"
	"slices"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Collector is an [eventcore.Projector] that keeps the events it is given, in the order in
// which they come; one that comes again is there again. The zero value is empty. It is
// safe for concurrent use.
type Collector[E any] struct {
	// Refuse, if it is set, is asked before an event is kept; an event for which it returns
	// an error is not kept, and Apply returns the error. Set it before the first Apply.
	Refuse func(event eventcore.Event[E]) error

	mu     sync.Mutex
	events []eventcore.Event[E]
}

// Apply implements [eventcore.Projector].
func (c *Collector[E]) Apply(_ context.Context, event eventcore.Event[E]) error {
	if c.Refuse != nil {
		if err := c.Refuse(event); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, event)
	return nil
}

// Events returns the events so far, in a slice of the caller's.
func (c *Collector[E]) Events() []eventcore.Event[E] {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.events)
}

// Payloads returns the payloads of the events so far, in a slice of the caller's.
func (c *Collector[E]) Payloads() []E {
	c.mu.Lock()
	defer c.mu.Unlock()
	payloads := make([]E, len(c.events))
	for i := range c.events {
		payloads[i] = c.events[i].Payload
	}
	return payloads
}

// Positions returns the positions of the events so far, in a slice of the caller's.
func (c *Collector[E]) Positions() []eventcore.Position {
	c.mu.Lock()
	defer c.mu.Unlock()
	positions := make([]eventcore.Position, len(c.events))
	for i := range c.events {
		positions[i] = c.events[i].Position
	}
	return positions
}

// Reset forgets all events.
func (c *Collector[E]) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = nil
}
