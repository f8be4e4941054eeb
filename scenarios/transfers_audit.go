package scenarios

import (
	"context"
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// audit is the command that adds up accounts. It appends nothing: that the store
// accepts its empty batch certifies that all it read was true at one moment.
type audit struct {
	accounts []eventcore.StreamID
	// seen is what the last Handle thought of its snapshot. It counts only once the
	// append has succeeded.
	seen *Violation
}

// ledger is the state of an audit. For each pair of accounts it has what debits of
// the one say went to the other, less what credits of the other say came in. A sum
// over all accounts would say the same of a whole snapshot, but not of an audit of
// some accounts only.
type ledger struct {
	balance []int64
	moving  []int64
}

// Streams implements [eventcore.Command].
func (a *audit) Streams() []eventcore.StreamID { return a.accounts }

// Apply implements [eventcore.Command].
func (a *audit) Apply(l *ledger, e eventcore.Event[fact]) *ledger {
	n := len(a.accounts)
	if l == nil {
		l = &ledger{make([]int64, n), make([]int64, n*n)}
	}
	at := slices.Index(a.accounts, e.Stream)
	l.balance[at] += e.Payload.change()
	if peer := slices.Index(a.accounts, e.Payload.Peer); peer >= 0 {
		switch e.Payload.Type {
		case typeDebited:
			l.moving[at*n+peer] += e.Payload.N
		case typeCredited:
			l.moving[peer*n+at] -= e.Payload.N
		}
	}
	return l
}

// Handle implements [eventcore.Command].
func (a *audit) Handle(l *ledger) ([]eventcore.Emit[fact], error) {
	a.seen = nil
	if l != nil {
		a.seen = a.judge(l)
	}
	return nil, nil
}

func (a *audit) judge(l *ledger) *Violation {
	n := len(a.accounts)
	for i, from := range a.accounts {
		if l.balance[i] < 0 {
			return &Violation{"no account is overdrawn", fmt.Sprintf("account %q holds %d", from, l.balance[i])}
		}
		for j, to := range a.accounts {
			if moving := l.moving[i*n+j]; moving != 0 {
				return &Violation{
					"a transfer is seen as a whole or not at all",
					fmt.Sprintf("between %q and %q the debits differ from the credits by %d, in a snapshot that the store certified", from, to, moving),
				}
			}
		}
	}
	return nil
}

func runAudit(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	a := &audit{accounts: op.Reads}
	executed, err := eventcore.Execute(ctx, &c.spy, a, c.options...)
	if err == nil && a.seen != nil {
		return executed, a.seen
	}
	return executed, err
}

// runStatement reads one account. It is a prefix of the stream, so the balance must
// not be negative at any version.
func runStatement(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	id, balance := op.Streams[0], int64(0)
	for e, err := range c.Store.ReadStream(ctx, id, 0) {
		if err != nil {
			return eventcore.Executed{}, err
		}
		said, err := c.peers.parse(e.Data)
		if err != nil {
			return eventcore.Executed{}, &eventcore.DeserializationFailed{Stream: id, Version: e.Version, Type: e.Type, Err: err}
		}
		said.Type = e.Type
		if balance += said.change(); balance < 0 {
			return eventcore.Executed{}, &Violation{
				"no account is overdrawn", fmt.Sprintf("account %q holds %d at version %d", id, balance, e.Version),
			}
		}
	}
	return eventcore.Executed{}, nil
}
