package eventcoretest_test

import (
	"errors"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// AccountEvent is the type of all events of an account.
type AccountEvent interface{ accountEvent() }

// PaidIn and PaidOut are what can happen.
type (
	PaidIn  struct{ Cents int }
	PaidOut struct {
		Cents int
		To    string
	}
	// Unwritable has no JSON.
	Unwritable struct{ C chan int }
)

func (PaidIn) accountEvent()     {}
func (PaidOut) accountEvent()    {}
func (Unwritable) accountEvent() {}

// ErrTooLittle is the business rule.
var ErrTooLittle = errors.New("there is too little on the account")

// Pay moves money from one account to another.
type Pay struct {
	From, To eventcore.StreamID
	Cents    int
}

// Streams names the accounts.
func (p *Pay) Streams() []eventcore.StreamID { return []eventcore.StreamID{p.From, p.To} }

// Apply computes the balance of the account that pays.
func (p *Pay) Apply(balance int, e eventcore.Event[AccountEvent]) int {
	switch paid := e.Payload.(type) {
	case PaidIn:
		if e.Stream == p.From {
			balance += paid.Cents
		}
	case PaidOut:
		if e.Stream == p.From {
			balance -= paid.Cents
		}
	}
	return balance
}

// Handle decides.
func (p *Pay) Handle(balance int) ([]eventcore.Emit[AccountEvent], error) {
	if balance < p.Cents {
		return nil, ErrTooLittle
	}
	if p.Cents == 0 {
		return nil, nil
	}
	return []eventcore.Emit[AccountEvent]{
		eventcore.To[AccountEvent](p.From, PaidOut{p.Cents, p.To.String()}),
		eventcore.To[AccountEvent](p.To, PaidIn{p.Cents}),
	}, nil
}

var (
	alice, bob = eventcore.MustStreamID("alice"), eventcore.MustStreamID("bob")
	to         = eventcore.To[AccountEvent]
)

func registry() *eventcore.Registry {
	r := eventcore.NewRegistry()
	eventcore.MustRegister[PaidIn](r, "paid in")
	eventcore.MustRegister[PaidOut](r, "paid out")
	eventcore.MustRegister[Unwritable](r, "unwritable")
	return r
}
