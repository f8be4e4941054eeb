package statetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
)

const (
	// racers save at the same time, each so many positions, in so many rounds: each
	// round is a race for the first save as well.
	racers     = 8
	racerSaves = 10
	raceRounds = 4
	// raceSeed fixes the order of the positions.
	raceSeed = 20260102
)

// checkpointRaced has savers on two handles save positions in a random order, while
// others load.
func checkpointRaced(ctx context.Context, in *checkpointHandles) error {
	one, other, err := in.two(ctx)
	if err != nil {
		return err
	}
	for round := range raceRounds {
		subscription := eventcore.MustSubscriptionID(fmt.Sprint("orders-", round))
		if err := raceOnce(ctx, [2]eventcore.CheckpointStore{one, other}, subscription, uint64(round)); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
	}
	return nil
}

func raceOnce(ctx context.Context, stores [2]eventcore.CheckpointStore, subscription eventcore.SubscriptionID, round uint64) error {
	order := prng.New(raceSeed, "checkpoints", round).Perm(racers * racerSaves)
	var group sync.WaitGroup
	errs := make([]error, racers+len(stores))
	start, done := make(chan struct{}), make(chan struct{})
	for racer := range racers {
		group.Go(func() {
			<-start
			errs[racer] = saveAll(ctx, stores[racer%2], subscription, order[racer*racerSaves:][:racerSaves])
		})
	}
	var watching sync.WaitGroup
	for i, store := range stores {
		watching.Go(func() { errs[racers+i] = neverDown(ctx, store, subscription, done) })
	}
	close(start)
	group.Wait()
	close(done)
	watching.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return wantCheckpoint(ctx, stores[0], subscription, raced(racers*racerSaves-1))
}

// raced is the position that a number stands for. Some lie above 64 bits.
func raced(n int) eventcore.Position {
	const half = racers * racerSaves / 2
	return eventcore.NewPosition(uint64(n/half), uint64(n%half)+1)
}

// saveAll saves positions. What a save returns is at least what was saved and what was
// loaded before, and at most what is loaded then.
func saveAll(ctx context.Context, store eventcore.CheckpointStore, subscription eventcore.SubscriptionID, numbers []int) error {
	var before eventcore.Position
	for _, n := range numbers {
		at := raced(n)
		then, err := store.SaveCheckpoint(ctx, subscription, at)
		if err != nil {
			return err
		}
		if then.Compare(at) < 0 || then.Compare(before) < 0 {
			return fmt.Errorf("saving %v after loading %v returned %v", at, before, then)
		}
		loaded, err := store.LoadCheckpoint(ctx, subscription)
		if err != nil {
			return err
		}
		if loaded.Compare(then) < 0 {
			return fmt.Errorf("loaded %v after a save had returned %v", loaded, then)
		}
		before = loaded
	}
	return nil
}

// neverDown loads until it is done. No load may lie before the one before it.
func neverDown(ctx context.Context, store eventcore.CheckpointStore, subscription eventcore.SubscriptionID, done <-chan struct{}) error {
	var last eventcore.Position
	for {
		got, err := store.LoadCheckpoint(ctx, subscription)
		if err != nil {
			return err
		}
		if got.Compare(last) < 0 {
			return fmt.Errorf("loaded %v after %v", got, last)
		}
		last = got
		select {
		case <-done:
			return nil
		default:
		}
	}
}
