package scenarios

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// The events of an account. A transfer is a debit and a credit with one Ref; Peer
// is the other account.
const (
	typeDeposited = "deposited"
	typeDebited   = "debited"
	typeCredited  = "credited"
)

// openingBalance is small enough that transfers of random size are sometimes
// refused.
const openingBalance = 100

// Overdraft refuses a transfer of more than the account holds.
const Overdraft Refusal = "the account does not hold that much"

// transfers moves money between accounts.
func transfers() spec {
	return spec{
		name:          "transfers",
		demands:       []Demand{MultiStream, ReadOnly},
		doc:           "money moves between accounts, two streams at a time; catches torn batches, lost updates and fractured reads",
		params:        Params{Clients: 4, OpsPerClient: 12, Streams: 4, MaxEvents: 1},
		wantsConflict: true,
		codec: func() eventcore.Codec {
			return &factCodec{types: []string{typeDeposited, typeDebited, typeCredited}}
		},
		pools: func(p Params) pools { return pools{main: pool("account", max(2, p.Streams))} },
		operations: []operation{
			{
				name: "deposit", doc: "pays money into an account",
				needs: needs{streams: exactly(1), amount: atLeast(1)}, run: runDeposit,
			},
			{
				name: "transfer", doc: "moves an amount, or is refused where the account does not hold it", weight: 6,
				needs: needs{streams: exactly(2), amount: atLeast(1)}, run: runTransfer,
				draw: func(d *draw) Op {
					return Op{Streams: d.some(d.main, 2), Amount: int64(d.upTo(openingBalance * 3 / 4))}
				},
			},
			{
				name: "sweep", doc: "moves what an account holds, at most an amount", weight: 2,
				needs: needs{streams: exactly(2), amount: atLeast(1)}, run: runSweep,
				draw: func(d *draw) Op {
					return Op{Streams: d.some(d.main, 2), Amount: int64(d.upTo(openingBalance))}
				},
			},
			{
				name: "audit", doc: "adds up all accounts in one snapshot, writing nothing", weight: 3,
				needs: needs{reads: atLeast(1)}, run: runAudit,
				draw: func(d *draw) Op { return Op{Reads: d.main} },
			},
			{
				name: "statement", doc: "reads one account, which must never be overdrawn", weight: 1,
				needs: needs{streams: exactly(1)}, run: runStatement,
				draw: func(d *draw) Op { return Op{Streams: d.one(d.main)} },
			},
		},
		setup: func(d *draw) []Op { return oneEach("deposit", d.main, openingBalance) },
		probes: func(d *draw) []Op {
			return []Op{
				{Do: "sweep", Streams: d.some(d.main, 2), Amount: int64(d.upTo(openingBalance))},
				{Do: "audit", Reads: d.main},
			}
		},
		invariants: transferInvariants(),
	}
}

func runDeposit(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	return eventcore.Execute(ctx, &c.spy, &deposit{op.Streams, op.Amount, c.name()}, c.options...)
}

func runTransfer(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	return eventcore.Execute(ctx, &c.spy, &transfer{op.Streams, op.Amount, c.name(), false}, c.options...)
}

func runSweep(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	return eventcore.Execute(ctx, &c.spy, &transfer{op.Streams, op.Amount, c.name(), true}, c.options...)
}

// deposit is the command that pays money into an account.
type deposit struct {
	streams []eventcore.StreamID
	amount  int64
	ref     uint64
}

// Streams implements [eventcore.Command].
func (d *deposit) Streams() []eventcore.StreamID { return d.streams }

// Apply implements [eventcore.Command].
func (d *deposit) Apply(state struct{}, _ eventcore.Event[fact]) struct{} { return state }

// Handle implements [eventcore.Command].
func (d *deposit) Handle(struct{}) ([]eventcore.Emit[fact], error) {
	return []eventcore.Emit[fact]{
		eventcore.To(d.streams[0], fact{Type: typeDeposited, N: d.amount, Ref: d.ref}),
	}, nil
}

// transfer is the command that moves money from its first stream to its second. The
// state is the balance of the first.
type transfer struct {
	streams []eventcore.StreamID
	amount  int64
	ref     uint64
	// partly allows to move less than the amount.
	partly bool
}

// Streams implements [eventcore.Command].
func (t *transfer) Streams() []eventcore.StreamID { return t.streams }

// Apply implements [eventcore.Command].
func (t *transfer) Apply(balance int64, e eventcore.Event[fact]) int64 {
	if e.Stream != t.streams[0] {
		return balance
	}
	return balance + e.Payload.change()
}

// Handle implements [eventcore.Command].
func (t *transfer) Handle(balance int64) ([]eventcore.Emit[fact], error) {
	amount := t.amount
	if t.partly {
		amount = min(amount, balance)
	}
	switch {
	case amount > balance:
		return nil, Overdraft
	case amount <= 0:
		return nil, nil
	}
	from, to := t.streams[0], t.streams[1]
	return []eventcore.Emit[fact]{
		eventcore.To(from, fact{Type: typeDebited, N: amount, Ref: t.ref, Peer: to}),
		eventcore.To(to, fact{Type: typeCredited, N: amount, Ref: t.ref, Peer: from}),
	}, nil
}

// change is what an event does to the balance of its account.
func (f *fact) change() int64 {
	if f.Type == typeDebited {
		return -f.N
	}
	return f.N
}
