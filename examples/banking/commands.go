package main

import (
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

var (
	errOverdrawn = errors.New("there is not enough on the account")
	errUseless   = errors.New("nothing would change")
)

// deposit pays money into an account.
type deposit struct {
	account eventcore.StreamID
	cents   int64
}

func (d *deposit) Streams() []eventcore.StreamID { return []eventcore.StreamID{d.account} }

// Apply keeps nothing: a deposit is always possible.
func (d *deposit) Apply(state struct{}, _ eventcore.Event[change]) struct{} { return state }

func (d *deposit) Handle(struct{}) ([]eventcore.Emit[change], error) {
	if d.cents <= 0 {
		return nil, fmt.Errorf("deposit %d: %w; give a positive number of cents", d.cents, errUseless)
	}
	return []eventcore.Emit[change]{eventcore.To[change](d.account, deposited{d.cents})}, nil
}

// transfer moves money between two accounts, in one atomic batch that is refused if
// either of them has changed meanwhile, and then tried again.
type transfer struct {
	from, to eventcore.StreamID
	cents    int64
}

func (t *transfer) Streams() []eventcore.StreamID { return []eventcore.StreamID{t.from, t.to} }

// Apply computes the balance of the account that pays.
func (t *transfer) Apply(balance int64, e eventcore.Event[change]) int64 {
	if e.Stream == t.from {
		balance += e.Payload.cents()
	}
	return balance
}

func (t *transfer) Handle(balance int64) ([]eventcore.Emit[change], error) {
	switch {
	case t.cents <= 0:
		return nil, fmt.Errorf("transfer %d: %w; give a positive number of cents", t.cents, errUseless)
	case balance < t.cents:
		return nil, fmt.Errorf("transfer %d from %s, which has %d: %w", t.cents, t.from, balance, errOverdrawn)
	}
	return []eventcore.Emit[change]{
		eventcore.To[change](t.from, transferred{-t.cents, t.to}),
		eventcore.To[change](t.to, transferred{t.cents, t.from}),
	}, nil
}
