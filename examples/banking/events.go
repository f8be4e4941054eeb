package main

import "github.com/eventcore-go/eventcore-sim/eventcore"

// change is the type of all events of an account.
type change interface{ cents() int64 }

type (
	deposited   struct{ Cents int64 }
	transferred struct {
		// Cents is negative on the account that pays.
		Cents int64
		// With is the other account.
		With eventcore.StreamID
	}
)

func (e deposited) cents() int64   { return e.Cents }
func (e transferred) cents() int64 { return e.Cents }

// newRegistry names the events as they are stored.
func newRegistry() *eventcore.Registry {
	r := eventcore.NewRegistry()
	eventcore.MustRegister[deposited](r, "deposited")
	eventcore.MustRegister[transferred](r, "transferred")
	return r
}
