package sqlite_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// countingClock is the system's clock and counts how often it was asked to sleep. What
// is in onSleep is called first.
type countingClock struct {
	eventcore.SystemClock
	slept   atomic.Int64
	onSleep func()
}

func (c *countingClock) Sleep(ctx context.Context, d time.Duration) error {
	c.slept.Add(1)
	if c.onSleep != nil {
		c.onSleep()
	}
	return c.SystemClock.Sleep(ctx, d)
}

// stoppedClock always shows the same time, and sleeps no longer than it takes to say.
type stoppedClock struct{ now time.Time }

func (c stoppedClock) Now() time.Time { return c.now }

func (stoppedClock) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func TestRecordedAtIsTheClocksTimeInUTC(t *testing.T) {
	for _, now := range []time.Time{
		time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.FixedZone("east", 3600)),
		time.Date(1678, 1, 1, 0, 0, 0, 1, time.UTC),
		time.Date(2261, 12, 31, 23, 59, 59, 999999999, time.UTC),
	} {
		s := open(t, file(t), sqlite.Config{Clock: stoppedClock{now}})
		id := eventcore.MustStreamID("a")
		appendTo(t, s, 0, 1, id)
		require.Equal(t, now.UTC(), stream(t, s, id)[0].RecordedAt)
	}
}

func TestATimeThatCannotBeKeptIsRefused(t *testing.T) {
	for _, now := range []time.Time{{}, time.Date(1500, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)} {
		s := open(t, file(t), sqlite.Config{Clock: stoppedClock{now}})
		id := eventcore.MustStreamID("a")
		_, err := s.Append(t.Context(), batch(t, 0, 1, id))
		require.ErrorContains(t, err, "the clock shows")
		require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
		require.Empty(t, stream(t, s, id))
	}
}
