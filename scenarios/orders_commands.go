package scenarios

import (
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// orderState is what commands know of an order and of the stock of its items. nil
// stands for an order without events.
type orderState struct {
	items  []eventcore.StreamID
	wanted []int64
	// stock and reserved go with items; reserved is what this order has taken.
	stock, reserved []int64
	// closed is the type of the event that closed the order, or empty.
	closed string
}

// apply folds an event of the order or of one of its items.
func (s *orderState) apply(order eventcore.StreamID, e *eventcore.Event[fact]) *orderState {
	if s == nil {
		s = &orderState{}
	}
	said := &e.Payload
	if e.Stream == order {
		if said.Type != typePlaced {
			s.closed = said.Type
			return s
		}
		s.items, s.wanted = append(s.items, said.Peer), append(s.wanted, said.N)
		s.stock, s.reserved = append(s.stock, 0), append(s.reserved, 0)
		return s
	}
	i := slices.Index(s.items, e.Stream)
	s.stock[i] += said.supply()
	if said.Type == typeReserved && said.Peer == order {
		s.reserved[i] += said.N
	}
	return s
}

// supply is what an event does to the stock of its item.
func (f *fact) supply() int64 {
	if f.Type == typeReserved {
		return -f.N
	}
	return f.N
}

// orderReader is the half of a command that reads an order and discovers its items.
type orderReader struct{ order []eventcore.StreamID }

// Streams implements [eventcore.Command].
func (o *orderReader) Streams() []eventcore.StreamID { return o.order }

// Apply implements [eventcore.Command].
func (o *orderReader) Apply(s *orderState, e eventcore.Event[fact]) *orderState {
	return s.apply(o.order[0], &e)
}

// Discover implements [eventcore.Discoverer].
func (o *orderReader) Discover(s *orderState) []eventcore.StreamID {
	if s == nil {
		return nil
	}
	return s.items
}

// fulfilOrder reserves all items of an order.
type fulfilOrder struct {
	orderReader
	ref uint64
}

// Handle implements [eventcore.Command].
func (f *fulfilOrder) Handle(s *orderState) ([]eventcore.Emit[fact], error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	emits := make([]eventcore.Emit[fact], 0, len(s.items)+1)
	for i, item := range s.items {
		if s.stock[i] < s.wanted[i] {
			return nil, OutOfStock
		}
		emits = append(emits, eventcore.To(item, fact{Type: typeReserved, N: s.wanted[i], Ref: f.ref, Peer: f.order[0]}))
	}
	return append(emits, eventcore.To(f.order[0], fact{Type: typeFulfilled, Ref: f.ref})), nil
}

// open returns the rule that forbids to close the order, nil if there is none.
func (s *orderState) open() error {
	switch {
	case s == nil:
		return OrderUnknown
	case s.closed != "":
		return OrderClosed
	default:
		return nil
	}
}

// inspectOrder compares an order with what its items' stock has reserved for it.
type inspectOrder struct {
	orderReader
	// seen is what the last Handle thought of its snapshot; see [audit].
	seen *Violation
}

// Handle implements [eventcore.Command].
func (in *inspectOrder) Handle(s *orderState) ([]eventcore.Emit[fact], error) {
	in.seen = nil
	if s == nil {
		return nil, nil
	}
	for i, item := range s.items {
		due := int64(0)
		if s.closed == typeFulfilled {
			due = s.wanted[i]
		}
		switch {
		case s.stock[i] < 0:
			in.seen = &Violation{"no stock is negative", fmt.Sprintf("%q holds %d", item, s.stock[i])}
		case s.reserved[i] != due:
			in.seen = &Violation{
				"a fulfilled order has its reservations and no other order has any",
				fmt.Sprintf("order %q has %d of %q reserved and should have %d, in a snapshot that the store certified", in.order[0], s.reserved[i], item, due),
			}
		}
	}
	return nil, nil
}

// placeOrder writes the lines of an order that has none.
type placeOrder struct {
	order, items []eventcore.StreamID
	amount       int64
	ref          uint64
}

// Streams implements [eventcore.Command].
func (p *placeOrder) Streams() []eventcore.StreamID { return p.order }

// Apply implements [eventcore.Command]. The state is whether the order exists.
func (p *placeOrder) Apply(bool, eventcore.Event[fact]) bool { return true }

// Handle implements [eventcore.Command].
func (p *placeOrder) Handle(exists bool) ([]eventcore.Emit[fact], error) {
	if exists {
		return nil, OrderExists
	}
	emits := make([]eventcore.Emit[fact], len(p.items))
	for i, item := range p.items {
		emits[i] = eventcore.To(p.order[0], fact{Type: typePlaced, N: p.amount, Ref: p.ref, Peer: item})
	}
	return emits, nil
}

// cancelOrder closes an order. It needs no stock, so it discovers none.
type cancelOrder struct {
	order []eventcore.StreamID
	ref   uint64
}

// Streams implements [eventcore.Command].
func (c *cancelOrder) Streams() []eventcore.StreamID { return c.order }

// Apply implements [eventcore.Command].
func (c *cancelOrder) Apply(s *orderState, e eventcore.Event[fact]) *orderState {
	return s.apply(c.order[0], &e)
}

// Handle implements [eventcore.Command].
func (c *cancelOrder) Handle(s *orderState) ([]eventcore.Emit[fact], error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	return []eventcore.Emit[fact]{eventcore.To(c.order[0], fact{Type: typeCancelled, Ref: c.ref})}, nil
}

// restock adds to the stock of one item.
type restock struct {
	item   []eventcore.StreamID
	amount int64
	ref    uint64
}

// Streams implements [eventcore.Command].
func (r *restock) Streams() []eventcore.StreamID { return r.item }

// Apply implements [eventcore.Command].
func (r *restock) Apply(state struct{}, _ eventcore.Event[fact]) struct{} { return state }

// Handle implements [eventcore.Command].
func (r *restock) Handle(struct{}) ([]eventcore.Emit[fact], error) {
	return []eventcore.Emit[fact]{eventcore.To(r.item[0], fact{Type: typeStocked, N: r.amount, Ref: r.ref})}, nil
}
