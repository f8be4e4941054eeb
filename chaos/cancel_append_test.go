package chaos_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// counting is a task that counts points, as those of package sim do.
type counting struct {
	points, at int
	do         func()
}

func (c *counting) Yield(string) {
	if c.points++; c.do != nil && c.points == c.at {
		c.do()
	}
}

func (c *counting) Wait(name string, _ func() bool) { c.Yield(name) }

func (c *counting) Points() int { return c.points }

func (c *counting) AtPoint(n int, do func()) (stop func()) {
	c.at, c.do = c.points+n, do
	return func() { c.do = nil }
}

// stepping is a store that may be interrupted at points, and looks at the context at each.
type stepping struct {
	*fake
	points, passed int
}

func (s *stepping) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	for s.passed = 0; s.passed < s.points && ctx.Err() == nil; s.passed++ {
		yield.Point(ctx, "point")
	}
	return s.fake.Append(ctx, w)
}

func TestAnAppendIsCancelledAtItsPoint(t *testing.T) {
	for after := range 6 {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			inner := &stepping{fake: newFake(), points: 4}
			store, injector, _ := inject(t, fmt.Sprintf("cancel@c0.0+%d", after), inner)
			_, err := store.Append(yield.NewContext(t.Context(), &counting{}), batch(t, streamA, 0, 1))
			require.Equal(t, min(after, 4), inner.passed)
			if after > 4 {
				require.NoError(t, err)
				require.Empty(t, injector.Log())
				return
			}
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, chaos.ErrInjected)
			require.Len(t, injector.Log(), 1)
		})
	}
}

// TestAnAppendThatWasCancelledInItsMiddleMayHaveBeenApplied: what the store says of it is passed on.
func TestAnAppendThatWasCancelledInItsMiddleMayHaveBeenApplied(t *testing.T) {
	inner := &stepping{fake: newFake(), points: 4}
	inner.cancellable = false
	store, injector, _ := inject(t, "cancel@c0.0+2", inner)
	_, err := store.Append(yield.NewContext(t.Context(), &counting{}), batch(t, streamA, 0, 1))
	require.NoError(t, err)
	require.Len(t, injector.Log(), 1)
}

func TestWhereNoPointsAreCountedAnAppendIsCancelledBefore(t *testing.T) {
	inner := &stepping{fake: newFake(), points: 4}
	store, injector, _ := inject(t, "cancel@c0.0+2", inner)
	_, err := store.Append(t.Context(), batch(t, streamA, 0, 1))
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, inner.passed)
	require.Len(t, injector.Log(), 1)
}

// TestAppendsAreCancelledAtTheRateThatIsExpected: one that ends before its point counts neither
// as hit nor as missed.
func TestAppendsAreCancelledAtTheRateThatIsExpected(t *testing.T) {
	injector, _ := injectorOf(t, "cancel=10%", 3)
	inner := &stepping{fake: newFake()}
	store := injector.Wrap(0, inner)
	ctx := yield.NewContext(t.Context(), &counting{})
	const appends = 20_000
	for i := range appends {
		inner.points = i % 5
		_, _ = store.Append(ctx, batch(t, streamA, inner.versions[streamA], 1))
	}
	fired, expected := float64(injector.Fired(chaos.Cancel)), injector.Expected(chaos.Cancel)
	require.Greater(t, expected, 500.0)
	require.InDelta(t, expected, fired, 4*math.Sqrt(expected))
	require.Less(t, injector.Eligible(chaos.Cancel), appends*9/10, "many end before their point")
}

// TestACancellationOfTheCallersOwnIsNotInjected: the append ends before the point at which the
// fault would have come, because its caller gave it up.
func TestACancellationOfTheCallersOwnIsNotInjected(t *testing.T) {
	inner := &stepping{fake: newFake(), points: 4}
	store, injector, _ := inject(t, "cancel@c0.0+3", inner)
	ctx, give := context.WithCancel(t.Context())
	task := &giving{at: 2, up: give}
	_, err := store.Append(yield.NewContext(ctx, task), batch(t, streamA, 0, 1))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 2, inner.passed)
	require.Empty(t, injector.Log())
	require.NotErrorIs(t, err, chaos.ErrInjected)
}

// giving is a task whose caller gives up at a point.
type giving struct {
	counting
	at int
	up func()
}

func (g *giving) Yield(name string) {
	if g.counting.Yield(name); g.points == g.at {
		g.up()
	}
}
