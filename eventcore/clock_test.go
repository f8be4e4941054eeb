package eventcore_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestSystemClockWaitsAsLongAsItWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock, start := eventcore.SystemClock{}, time.Now()
		require.Equal(t, time.UTC, clock.Now().Location())
		require.True(t, start.Equal(clock.Now()))
		require.NoError(t, clock.Sleep(t.Context(), time.Hour))
		require.Equal(t, time.Hour, time.Since(start))
		require.NoError(t, clock.Sleep(t.Context(), 0))
		require.NoError(t, clock.Sleep(t.Context(), -time.Second))
		require.Equal(t, time.Hour, time.Since(start))
	})
}

func TestSystemClockStopsWaitingWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock, start := eventcore.SystemClock{}, time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, clock.Sleep(ctx, time.Hour), context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(start))
		require.ErrorIs(t, clock.Sleep(ctx, 0), context.DeadlineExceeded)
		require.ErrorIs(t, clock.Sleep(ctx, time.Hour), context.DeadlineExceeded)
	})
}

// TestSystemClockNeverHidesACancellation has the wait end at once in a context that
// is done already, often enough that a choice at random would show.
func TestSystemClockNeverHidesACancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 200 {
		require.ErrorIs(t, eventcore.SystemClock{}.Sleep(ctx, time.Nanosecond), context.Canceled)
	}
}
