package sim

import (
	"context"
	"time"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// epoch is the instant at which every simulated run begins. It lies in the past so
// that a store which mixes in real time is seen to.
var epoch = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

// clock is the virtual clock of a run.
type clock struct{ world *world }

// Now implements eventcore.Clock.
func (c clock) Now() time.Time { return epoch.Add(time.Duration(c.world.now)) }

// Sleep implements eventcore.Clock. It costs no real time.
func (c clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	// Outside a task there is nobody to wait for: opening a store may sleep.
	if t, ok := yield.From(ctx).(*task); ok {
		t.sleep(int64(d))
	} else {
		c.world.now += int64(d)
	}
	return ctx.Err()
}

// WithTimeout implements [eventcore.TimeoutClock]. The context is done once the virtual time
// has passed: Err says so, and a wait for a server that does not answer any more ends. Done
// and Deadline are those of parent, since what waits for them goes by real time.
func (c clock) WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	at := c.world.now + int64(d)
	if earlier, bounded := deadlineOf(parent); bounded {
		at = min(at, earlier)
	}
	return &deadlineContext{ctx, c.world, at}, cancel
}

// deadlineContext is done at a virtual time.
type deadlineContext struct {
	context.Context
	world *world
	at    int64
}

type deadlineKey struct{}

// Err implements [context.Context].
func (d *deadlineContext) Err() error {
	if err := d.Context.Err(); err != nil {
		return err
	}
	if d.world.now >= d.at {
		return context.DeadlineExceeded
	}
	return nil
}

// Value implements [context.Context].
func (d *deadlineContext) Value(key any) any {
	if key == (deadlineKey{}) {
		return d.at
	}
	return d.Context.Value(key)
}

// deadlineOf returns the virtual time at which a context is done.
func deadlineOf(ctx context.Context) (at int64, bounded bool) {
	at, bounded = ctx.Value(deadlineKey{}).(int64)
	return at, bounded
}
