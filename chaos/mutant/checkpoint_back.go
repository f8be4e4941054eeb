package mutant

import (
	"context"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// checkpointBack keeps the checkpoint that came last, not the greatest: a reader that was
// overtaken puts it back, and events come again that were behind it.
func checkpointBack() Mutant {
	return Mutant{
		Name: "checkpoint-back", Doc: "A checkpoint is whatever was saved last, so that a slow reader moves it back.", Layer: Backend,
		Checkpoints: func(inner eventcore.CheckpointStore) eventcore.CheckpointStore {
			return &lastCheckpoints{inner: inner, at: make(map[eventcore.SubscriptionID]eventcore.Position)}
		},
	}
}

type lastCheckpoints struct {
	inner eventcore.CheckpointStore
	mu    sync.Mutex
	at    map[eventcore.SubscriptionID]eventcore.Position
}

func (c *lastCheckpoints) LoadCheckpoint(ctx context.Context, id eventcore.SubscriptionID) (eventcore.Position, error) {
	if _, err := c.inner.LoadCheckpoint(ctx, id); err != nil {
		return eventcore.Position{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at[id], nil
}

func (c *lastCheckpoints) SaveCheckpoint(ctx context.Context, id eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	yield.Point(ctx, "mutant: before the checkpoint is put in place")
	if _, err := c.inner.SaveCheckpoint(ctx, id, at); err != nil {
		return eventcore.Position{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at[id] = at
	return at, nil
}
