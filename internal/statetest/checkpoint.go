package statetest

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Checkpoints checks a [eventcore.CheckpointStore]. place returns an empty place for each
// check.
func Checkpoints(t *testing.T, place func(testing.TB) Place[eventcore.CheckpointStore]) {
	t.Helper()
	all(t, checkpointChecks(), place)
}

type checkpointHandles = handles[eventcore.CheckpointStore]

func checkpointChecks() []check[eventcore.CheckpointStore] {
	return []check[eventcore.CheckpointStore]{
		{name: "a checkpoint never moves backwards", run: neverBackwards},
		{name: "subscriptions are kept apart", run: checkpointsApart},
		{name: "another handle sees a save that has returned", run: checkpointSeen},
		{name: "a checkpoint is there after reopening", run: checkpointReopened},
		{name: "a done context moves nothing", run: checkpointCancelled},
		{name: "the zero subscription is refused", run: checkpointOfNone},
		{name: "concurrent saves leave the greatest", run: checkpointRaced},
	}
}

// rising are positions in their order, at the borders of bytes, signs and halves.
func rising() []eventcore.Position {
	return []eventcore.Position{
		{},
		eventcore.NewPosition(0, 1), eventcore.NewPosition(0, 9), eventcore.NewPosition(0, 10),
		eventcore.NewPosition(0, 255), eventcore.NewPosition(0, 256), eventcore.NewPosition(0, math.MaxInt64),
		eventcore.NewPosition(0, math.MaxInt64+1), eventcore.NewPosition(0, math.MaxUint64),
		eventcore.NewPosition(1, 0), eventcore.NewPosition(1, 1), eventcore.NewPosition(256, 0),
		eventcore.NewPosition(math.MaxInt64, 5), eventcore.NewPosition(math.MaxInt64+1, 4),
		eventcore.NewPosition(math.MaxUint64, 0), eventcore.NewPosition(math.MaxUint64, math.MaxUint64),
	}
}

// neverBackwards saves each position, then all that lie before it.
func neverBackwards(ctx context.Context, in *checkpointHandles) error {
	store, err := in.open(ctx)
	if err != nil {
		return err
	}
	subscription := eventcore.MustSubscriptionID("orders")
	if err := wantCheckpoint(ctx, store, subscription, eventcore.Position{}); err != nil {
		return fmt.Errorf("before the first save: %w", err)
	}
	positions := rising()
	for i, at := range positions {
		for _, saved := range append([]eventcore.Position{at}, positions[:i+1]...) {
			then, err := store.SaveCheckpoint(ctx, subscription, saved)
			if err != nil {
				return err
			}
			if then != at {
				return fmt.Errorf("saving %v where %v is the greatest returned %v", saved, at, then)
			}
			if err := wantCheckpoint(ctx, store, subscription, at); err != nil {
				return fmt.Errorf("after %v was saved: %w", saved, err)
			}
		}
	}
	return nil
}

func wantCheckpoint(ctx context.Context, store eventcore.CheckpointStore, of eventcore.SubscriptionID, want eventcore.Position) error {
	got, err := store.LoadCheckpoint(ctx, of)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("the checkpoint of %q is %v, want %v", of, got, want)
	}
	return nil
}

// checkpointsApart gives each of the unusual names its own position.
func checkpointsApart(ctx context.Context, in *checkpointHandles) error {
	store, err := in.open(ctx)
	if err != nil {
		return err
	}
	names := unusual()
	for i, name := range names {
		if _, err := store.SaveCheckpoint(ctx, eventcore.MustSubscriptionID(name), eventcore.NewPosition(0, uint64(len(names)-i))); err != nil {
			return fmt.Errorf("subscription %q: %w", name, err)
		}
	}
	for i, name := range names {
		if err := wantCheckpoint(ctx, store, eventcore.MustSubscriptionID(name), eventcore.NewPosition(0, uint64(len(names)-i))); err != nil {
			return err
		}
	}
	return nil
}

func checkpointSeen(ctx context.Context, in *checkpointHandles) error {
	one, other, err := in.two(ctx)
	if err != nil {
		return err
	}
	subscription := eventcore.MustSubscriptionID("orders")
	for n := range uint64(20) {
		at := eventcore.NewPosition(n/7, n)
		if _, err := one.SaveCheckpoint(ctx, subscription, at); err != nil {
			return err
		}
		if err := wantCheckpoint(ctx, other, subscription, at); err != nil {
			return fmt.Errorf("through the other handle: %w", err)
		}
		one, other = other, one
	}
	return nil
}

func checkpointReopened(ctx context.Context, in *checkpointHandles) error {
	store, err := in.open(ctx)
	if err != nil {
		return err
	}
	subscription, at := eventcore.MustSubscriptionID("orders"), eventcore.NewPosition(3, 4)
	if _, err := store.SaveCheckpoint(ctx, subscription, at); err != nil {
		return err
	}
	if store, err = in.reopen(ctx); err != nil {
		return err
	}
	if err := wantCheckpoint(ctx, store, subscription, at); err != nil {
		return err
	}
	then, err := store.SaveCheckpoint(ctx, subscription, eventcore.NewPosition(0, 7))
	if err == nil && then != at {
		return fmt.Errorf("saving an earlier position after reopening returned %v, want %v", then, at)
	}
	return err
}

func checkpointCancelled(ctx context.Context, in *checkpointHandles) error {
	store, err := in.open(ctx)
	if err != nil {
		return err
	}
	subscription := eventcore.MustSubscriptionID("orders")
	_, err = store.SaveCheckpoint(cancelled(ctx), subscription, eventcore.NewPosition(0, 1))
	if err := wantFailure(err, eventcore.OpSaveCheckpoint, context.Canceled); err != nil {
		return err
	}
	_, err = store.LoadCheckpoint(cancelled(ctx), subscription)
	if err := wantFailure(err, eventcore.OpLoadCheckpoint, context.Canceled); err != nil {
		return err
	}
	return wantCheckpoint(ctx, store, subscription, eventcore.Position{})
}

func checkpointOfNone(ctx context.Context, in *checkpointHandles) error {
	store, err := in.open(ctx)
	if err != nil {
		return err
	}
	_, err = store.SaveCheckpoint(ctx, eventcore.SubscriptionID{}, eventcore.NewPosition(0, 1))
	if err := wantFailure(err, eventcore.OpSaveCheckpoint, nil); err != nil {
		return err
	}
	_, err = store.LoadCheckpoint(ctx, eventcore.SubscriptionID{})
	return wantFailure(err, eventcore.OpLoadCheckpoint, nil)
}
