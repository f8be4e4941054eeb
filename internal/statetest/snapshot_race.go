package statetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
)

// snapshotRaced has savers on two handles save snapshots of two streams, of which many
// do not cover each other, while others load.
func snapshotRaced(ctx context.Context, in *snapshotHandles) error {
	one, other, err := in.two(ctx)
	if err != nil {
		return err
	}
	for round := range raceRounds {
		key := eventcore.SnapshotKey{Name: fmt.Sprint("race ", round)}
		r := snapshotRace{stores: [2]eventcore.SnapshotStore{one, other}, key: key, done: make(chan struct{})}
		if err := r.run(ctx, uint64(round)); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
	}
	return nil
}

type snapshotRace struct {
	stores [2]eventcore.SnapshotStore
	key    eventcore.SnapshotKey
	done   chan struct{}

	mu    sync.Mutex
	saved []eventcore.Snapshot
}

func (r *snapshotRace) run(ctx context.Context, round uint64) error {
	var group, watching sync.WaitGroup
	errs := make([]error, racers+len(r.stores))
	start := make(chan struct{})
	for racer := range racers {
		random := prng.New(raceSeed, "snapshots", round, uint64(racer))
		group.Go(func() {
			<-start
			errs[racer] = r.saveSome(ctx, r.stores[racer%2], random)
		})
	}
	for i, store := range r.stores {
		watching.Go(func() { errs[racers+i] = r.watch(ctx, store) })
	}
	close(start)
	group.Wait()
	close(r.done)
	watching.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return r.coversAll(ctx)
}

// saveSome saves snapshots. What is loaded then covers what was saved.
func (r *snapshotRace) saveSome(ctx context.Context, store eventcore.SnapshotStore, random *rand.Rand) error {
	const versions = 40
	for range racerSaves {
		made := snapshot(fmt.Sprintf("a=%d b=%d", random.IntN(versions), random.IntN(versions)), "")
		made.State = fmt.Appendf(nil, "%q", fmt.Sprint(made.Streams))
		saved, err := store.SaveSnapshot(ctx, r.key, made)
		if err != nil {
			return err
		}
		loaded, err := r.load(ctx, store)
		if err != nil {
			return err
		}
		if !saved {
			continue
		}
		if !loaded.Covers(&made) {
			return fmt.Errorf("loaded %s after %s had been saved", short(&loaded), short(&made))
		}
		r.mu.Lock()
		r.saved = append(r.saved, made)
		r.mu.Unlock()
	}
	return nil
}

// load loads a snapshot whose state belongs to its vector.
func (r *snapshotRace) load(ctx context.Context, store eventcore.SnapshotStore) (eventcore.Snapshot, error) {
	loaded, found, err := store.LoadSnapshot(ctx, r.key)
	if err == nil && found && string(loaded.State) != fmt.Sprintf("%q", fmt.Sprint(loaded.Streams)) {
		err = fmt.Errorf("a snapshot of %v has another one's state %s", loaded.Streams, loaded.State)
	}
	return loaded, err
}

// watch loads until the race is done. Each load covers the one before it.
func (r *snapshotRace) watch(ctx context.Context, store eventcore.SnapshotStore) error {
	var last eventcore.Snapshot
	for {
		loaded, err := r.load(ctx, store)
		if err != nil {
			return err
		}
		if !loaded.Covers(&last) {
			return fmt.Errorf("loaded %s after %s", short(&loaded), short(&last))
		}
		last = loaded
		select {
		case <-r.done:
			return nil
		default:
		}
	}
}

// coversAll says whether any two snapshots that were saved could replace one another, and
// the last one all.
func (r *snapshotRace) coversAll(ctx context.Context) error {
	last, err := r.load(ctx, r.stores[0])
	if err != nil {
		return err
	}
	if len(r.saved) == 0 {
		return errors.New("nothing was saved")
	}
	for i := range r.saved {
		one := &r.saved[i]
		if !last.Covers(one) {
			return fmt.Errorf("%s was saved and %s is left", short(one), short(&last))
		}
		for j := range i {
			if other := &r.saved[j]; !one.Covers(other) && !other.Covers(one) {
				return fmt.Errorf("%s and %s were both saved, but neither covers the other", short(one), short(other))
			}
		}
	}
	return nil
}
