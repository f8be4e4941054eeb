package chaos_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestCancelReachesTheStore(t *testing.T) {
	inner := fill(t, 1)
	store, injector, _ := inject(t, "cancel@c0.0", inner)
	_, err := store.Append(t.Context(), batch(t, streamA, 1, 1))
	require.ErrorIs(t, err, context.Canceled)
	requireFailure(t, err, eventcore.OpAppend)
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err), "the store said so")
	require.Equal(t, 1, inner.appends)
	require.Len(t, inner.log, 1)
	require.Equal(t, 1, injector.Fired(chaos.Cancel))
	require.NoError(t, t.Context().Err())
}

func TestCancelLeavesWhatTheStoreMakesOfItAlone(t *testing.T) {
	inner := fill(t, 1)
	inner.cancellable = false
	store, _, _ := inject(t, "cancel@c0.0 cancel@c0.1", inner)
	result, err := store.Append(t.Context(), batch(t, streamA, 1, 1))
	require.NoError(t, err, "it was applied")
	require.Equal(t, eventcore.Version(2), result.Streams[0].Version)
	_, err = store.Append(t.Context(), batch(t, streamA, 1, 1))
	require.ErrorIs(t, err, eventcore.ErrVersionConflict)
	require.NotErrorIs(t, err, chaos.ErrInjected)
}

func TestCancelEndsAReadWithAnErrorAtTheNextEvent(t *testing.T) {
	for _, heeds := range []bool{true, false} {
		onReads(t, func(t *testing.T, op operation) {
			inner := fill(t, 20)
			inner.cancellable = heeds
			store, injector, _ := inject(t, "cancel@c0.0+3 cancel@c0.1 cancel@c0.2+20", inner)
			for _, after := range []int{3, 0} {
				n, err := op.call(t, store)
				require.Equal(t, after, n)
				require.ErrorIs(t, err, context.Canceled)
				requireFailure(t, err, op.name)
			}
			n, err := op.call(t, store)
			require.NoError(t, err, "nothing is left to be cancelled")
			require.Equal(t, 20, n)
			require.Equal(t, 3, injector.Fired(chaos.Cancel))
		})
	}
}

// A store that takes a cancelled context for the end of the stream must be found
// out, so the wrapper must not mend it.
func TestCancelDoesNotHideAStoreThatCutsStreamsShort(t *testing.T) {
	inner := fill(t, 20)
	inner.onCancel = func(context.Context, func(eventcore.Recorded, error) bool) {}
	store, _, _ := inject(t, "cancel@c0.0+3", inner)
	n, err := collect(t, store.ReadStream(t.Context(), streamA, 0))
	require.NoError(t, err)
	require.Equal(t, 3, n)
}

func TestTheCauseOfACancellationIsMarked(t *testing.T) {
	inner := fill(t, 20)
	inner.onCancel = func(ctx context.Context, yield func(eventcore.Recorded, error) bool) {
		yield(eventcore.Recorded{}, context.Cause(ctx))
	}
	store, _, _ := inject(t, "cancel@c0.0+3", inner)
	_, err := collect(t, store.ReadStream(t.Context(), streamA, 0))
	require.ErrorIs(t, err, chaos.ErrInjected)
	require.ErrorIs(t, err, context.Canceled)
}
