package eventcore_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// bankEvent is what happens to an account.
type bankEvent interface{ change() int }

type deposited struct {
	Amount int `json:"amount"`
}

type withdrawn struct {
	Amount int `json:"amount"`
}

func (e deposited) change() int { return e.Amount }
func (e withdrawn) change() int { return -e.Amount }

// weather is no bank event.
type weather struct {
	Rain bool `json:"rain"`
}

var errOverdrawn = errors.New("the balance does not allow it")

// withdraw takes an amount from one account.
type withdraw struct {
	from   []eventcore.StreamID
	amount int
}

func (c *withdraw) Streams() []eventcore.StreamID { return c.from }

func (c *withdraw) Apply(balance int, e eventcore.Event[bankEvent]) int {
	return balance + e.Payload.change()
}

func (c *withdraw) Handle(balance int) ([]eventcore.Emit[bankEvent], error) {
	if balance < c.amount {
		return nil, errOverdrawn
	}
	return []eventcore.Emit[bankEvent]{eventcore.To[bankEvent](c.from[0], withdrawn{c.amount})}, nil
}

func bankRegistry(tb testing.TB) *eventcore.Registry {
	tb.Helper()
	r := eventcore.NewRegistry()
	require.NoError(tb, eventcore.Register[deposited](r, "deposited"))
	require.NoError(tb, eventcore.Register[withdrawn](r, "withdrawn"))
	require.NoError(tb, eventcore.Register[weather](r, "weather"))
	return r
}
