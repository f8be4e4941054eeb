package eventcore_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// AccountEvent is the type of all events of an account.
type AccountEvent interface{ Change() int }

// PaidIn and PaidOut are what can happen.
type (
	PaidIn  struct{ Cents int }
	PaidOut struct{ Cents int }
)

func (e PaidIn) Change() int  { return e.Cents }
func (e PaidOut) Change() int { return -e.Cents }

// ErrTooLittle is the business rule.
var ErrTooLittle = errors.New("there is too little on the account")

// Transfer moves money. Both accounts are read and checked, so that no money is spent
// twice.
type Transfer struct {
	From, To eventcore.StreamID
	Cents    int
}

// Streams names the accounts.
func (t *Transfer) Streams() []eventcore.StreamID {
	return []eventcore.StreamID{t.From, t.To}
}

// Apply computes the balance of the account that pays.
func (t *Transfer) Apply(balance int, e eventcore.Event[AccountEvent]) int {
	if e.Stream == t.From {
		balance += e.Payload.Change()
	}
	return balance
}

// Handle decides.
func (t *Transfer) Handle(balance int) ([]eventcore.Emit[AccountEvent], error) {
	if balance < t.Cents {
		return nil, ErrTooLittle
	}
	return []eventcore.Emit[AccountEvent]{
		eventcore.To[AccountEvent](t.From, PaidOut{t.Cents}),
		eventcore.To[AccountEvent](t.To, PaidIn{t.Cents}),
	}, nil
}

// PayIn pays money into an account.
type PayIn struct {
	Account eventcore.StreamID
	Cents   int
}

// Streams names the account.
func (p *PayIn) Streams() []eventcore.StreamID { return []eventcore.StreamID{p.Account} }

// Apply keeps nothing: paying in is always possible.
func (p *PayIn) Apply(state struct{}, _ eventcore.Event[AccountEvent]) struct{} { return state }

// Handle decides.
func (p *PayIn) Handle(struct{}) ([]eventcore.Emit[AccountEvent], error) {
	return []eventcore.Emit[AccountEvent]{eventcore.To[AccountEvent](p.Account, PaidIn{p.Cents})}, nil
}

func Example() {
	ctx, store := context.Background(), memory.New(memory.Config{})
	registry := eventcore.NewRegistry()
	eventcore.MustRegister[PaidIn](registry, "paid in")
	eventcore.MustRegister[PaidOut](registry, "paid out")
	codec := eventcore.WithCodec(registry)
	alice, bob := eventcore.MustStreamID("alice"), eventcore.MustStreamID("bob")

	executed, err := eventcore.Execute(ctx, store, &PayIn{alice, 100}, codec)
	fmt.Println(executed.Outcome, executed.Appended.Streams, err)
	for range 2 {
		executed, err = eventcore.Execute(ctx, store, &Transfer{alice, bob, 60}, codec)
		fmt.Println(executed.Outcome, executed.Appended.Streams, err)
	}
	for e, err := range eventcore.Read[AccountEvent](ctx, store, registry, alice, 0) {
		fmt.Println(e.Stream, e.Version, e.Type, e.Payload.Change(), err)
	}
	// Output:
	// applied [{alice 1}] <nil>
	// applied [{alice 2} {bob 1}] <nil>
	// not applied [] there is too little on the account
	// alice 1 paid in 100 <nil>
	// alice 2 paid out -60 <nil>
}

func ExampleParseStreamPattern() {
	pattern, err := eventcore.ParseStreamPattern("order/*/item-[0-9]")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pattern.Match(eventcore.MustStreamID("order/eu/7/item-3")))
	fmt.Println(pattern.Match(eventcore.MustStreamID("order/7/item-x")))
	// Output:
	// true
	// false
}

func ExampleWrites() {
	var writes eventcore.Writes
	stream := eventcore.MustStreamID("order-1")
	fmt.Println(writes.Expect(stream, 3))
	fmt.Println(writes.Expect(stream, 4))
	// Output:
	// <nil>
	// stream "order-1" is expected at version 3 and at version 4
}
