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

// WithTimeout implements [eventcore.TimeoutClock]. The timeout never comes: real time has no
// part in a run, and no call waits in virtual time for longer than the faults last.
func (c clock) WithTimeout(parent context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
	return context.WithCancel(parent)
}
