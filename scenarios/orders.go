package scenarios

import (
	"context"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// The events of an order, and those of an item's stock. Ref names the operation, so
// the events of one batch share it; Peer is the item of a line, the order of a
// reservation.
const (
	typePlaced    = "placed"
	typeFulfilled = "fulfilled"
	typeCancelled = "cancelled"

	typeStocked  = "stocked"
	typeReserved = "reserved"
)

// Business rules of orders.
const (
	OrderExists  Refusal = "the order is placed already"
	OrderUnknown Refusal = "the order is not placed"
	OrderClosed  Refusal = "the order is fulfilled or cancelled already"
	OutOfStock   Refusal = "there is not enough in stock"
)

const (
	openingStock = 12
	maxQuantity  = 3
)

// orders fulfils orders from stock that it finds through them.
func orders() spec {
	return spec{
		name:          "orders",
		demands:       []Demand{MultiStream, ReadOnly},
		doc:           "orders reserve the stock of items that are found in the order; catches discovered streams that escape the concurrency check",
		params:        Params{Clients: 4, OpsPerClient: 12, Streams: 4, MaxEvents: 2},
		wantsConflict: true,
		codec: func() eventcore.Codec {
			return &factCodec{types: []string{typePlaced, typeStocked, typeReserved, typeFulfilled, typeCancelled}}
		},
		pools:      orderPools,
		operations: orderOperations(),
		setup:      orderSetup,
		probes: func(d *draw) []Op {
			return []Op{
				{Do: "restock", Streams: d.one(d.others), Amount: int64(d.upTo(openingStock))},
				{Do: "inspect", Streams: d.one(d.main)},
			}
		},
		whole:      ordersAreNoItems,
		invariants: orderInvariants(),
	}
}

// ordersAreNoItems refuses a stream that is an order for one operation and an item for
// another: neither would know the other's events.
func ordersAreNoItems(p Program) error {
	isOrder := make(map[eventcore.StreamID]bool)
	return p.each(func(op *Op) error {
		for i, id := range op.Streams {
			order := i == 0 && op.Do != "restock"
			if was, known := isOrder[id]; known && was != order {
				return fmt.Errorf("streams[%d]: %q is an order for one operation and an item for another; use two streams", i, id)
			}
			isOrder[id] = order
		}
		return nil
	})
}

// orderPools has more orders than streams were asked for: an order is fulfilled but
// once, and a program that only finds closed orders tests nothing.
func orderPools(p Params) pools {
	items := max(2, p.Streams/2)
	return pools{
		main:   pool("order", max(p.Streams-items, p.Clients*p.OpsPerClient/4, 2)),
		others: pool("stock", items),
	}
}

func orderOperations() []operation {
	onOrder := needs{streams: exactly(1)}
	drawOrder := func(d *draw) Op { return Op{Streams: d.one(d.main)} }
	return []operation{
		{
			name: "place", doc: "places an order: the first stream, over items: the others, with an amount of each", weight: 3,
			needs: needs{streams: atLeast(2), amount: atLeast(1)}, draw: drawPlace, run: runPlace,
		},
		{
			name: "fulfil", doc: "reserves all that an order lists, or is refused", weight: 6,
			needs: onOrder, draw: drawOrder, run: runFulfil,
		},
		{
			name: "cancel", doc: "closes an order that is not fulfilled", weight: 1,
			needs: onOrder, draw: drawOrder, run: runCancel,
		},
		{
			name: "restock", doc: "adds an amount to the stock of an item", weight: 1,
			needs: needs{streams: exactly(1), amount: atLeast(1)}, run: runRestock,
			draw: func(d *draw) Op { return Op{Streams: d.one(d.others), Amount: int64(d.upTo(maxQuantity))} },
		},
		{
			name: "inspect", doc: "compares an order with its reservations in one snapshot, writing nothing", weight: 2,
			needs: onOrder, draw: drawOrder, run: runInspect,
		},
	}
}

func drawPlace(d *draw) Op { return placeOn(d, d.one(d.main)) }

func placeOn(d *draw, order []eventcore.StreamID) Op {
	items := d.some(d.others, d.upTo(d.params.MaxEvents))
	return Op{Streams: append(order[:1:1], items...), Amount: int64(d.upTo(maxQuantity))}
}

// orderSetup fills the stock and places every second order; the others are left for
// clients to place.
func orderSetup(d *draw) []Op {
	ops := oneEach("restock", d.others, openingStock)
	for i := 0; i < len(d.main); i += 2 {
		op := placeOn(d, d.main[i:i+1])
		op.Do = "place"
		ops = append(ops, op)
	}
	return ops
}

func runPlace(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	return eventcore.Execute(ctx, &c.spy, &placeOrder{op.Streams[:1], op.Streams[1:], op.Amount, c.name()}, c.options...)
}

func runFulfil(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	return eventcore.Execute(ctx, &c.spy, &fulfilOrder{orderReader{op.Streams}, c.name()}, c.options...)
}

func runCancel(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	return eventcore.Execute(ctx, &c.spy, &cancelOrder{op.Streams, c.name()}, c.options...)
}

func runRestock(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	return eventcore.Execute(ctx, &c.spy, &restock{op.Streams, op.Amount, c.name()}, c.options...)
}

func runInspect(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	in := &inspectOrder{orderReader: orderReader{op.Streams}}
	executed, err := eventcore.Execute(ctx, &c.spy, in, c.options...)
	if err == nil && in.seen != nil {
		return executed, in.seen
	}
	return executed, err
}
