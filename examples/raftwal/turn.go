package raftwal

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// turn lets one append in at a time. The log has a mutex for that, which it holds while it writes; but a simulated run
// goes on with another task there, and that one must not wait for a mutex.
type turn struct{ free chan struct{} }

func newTurn() turn {
	t := turn{make(chan struct{}, 1)}
	t.free <- struct{}{}
	return t
}

func (t turn) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(t.free) == 0 {
		// In a simulated run this returns once it is free, or the caller has given up.
		yield.Wait(ctx, "raftwal: another append", func() bool { return len(t.free) > 0 || ctx.Err() != nil })
	}
	select {
	case <-t.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) give() { t.free <- struct{}{} }
