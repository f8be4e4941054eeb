package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// retry appends until there is no conflict, as the executor does: parts tells the
// batch from the versions of the streams as they were read.
func (s *subject) retry(ctx context.Context, streams []eventcore.StreamID, parts func(at []eventcore.Version) []part) (sent, error) {
	for {
		at := make([]eventcore.Version, len(streams))
		for i, stream := range streams {
			events, err := s.read(ctx, stream, 0)
			if err != nil {
				return sent{}, err
			}
			at[i] = eventcore.Version(len(events))
		}
		batch, err := s.append(ctx, parts(at)...)
		if err == nil || !errors.Is(err, eventcore.ErrVersionConflict) {
			return batch, err
		}
		if err := ctx.Err(); err != nil {
			return sent{}, err
		}
	}
}

// checkTransfers lets each worker append to two of three streams at a time, in every
// order of them.
func checkTransfers(ctx context.Context, s *subject) error {
	const workers, transfers = 6, 10
	accounts := []eventcore.StreamID{id("a"), id("b"), id("c")}
	var mu sync.Mutex
	applied := make(map[eventcore.EventID]bool)
	err := parallel(workers, func(i int) error {
		for n := range transfers {
			from, to := accounts[(i+n)%3], accounts[(i+n+1+n%2)%3]
			batch, err := s.retry(ctx, []eventcore.StreamID{from, to}, func(at []eventcore.Version) []part {
				return []part{writes(from, at[0], 1), writes(to, at[1], 1)}
			})
			if err != nil {
				return err
			}
			mu.Lock()
			for _, w := range batch.writes.Events() {
				applied[w.Event.ID] = true
			}
			mu.Unlock()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.holdsExactly(ctx, accounts, applied)
}

// holdsExactly says whether the streams have these events, each once, and no others.
func (s *subject) holdsExactly(ctx context.Context, streams []eventcore.StreamID, want map[eventcore.EventID]bool) error {
	seen := make(map[eventcore.EventID]bool)
	for _, stream := range streams {
		events, err := s.read(ctx, stream, 0)
		if err != nil {
			return err
		}
		for i, e := range events {
			switch {
			case !want[e.ID]:
				return fmt.Errorf("stream %q: got event %s at version %d, which belongs to a batch that was refused", stream, e.ID, e.Version)
			case seen[e.ID]:
				return fmt.Errorf("stream %q: got event %s twice", stream, e.ID)
			case int(e.Version) != i+1:
				return fmt.Errorf("stream %q: got version %d in place %d", stream, e.Version, i+1)
			}
			seen[e.ID] = true
		}
	}
	if len(seen) != len(want) {
		return fmt.Errorf("got %d events of %d that were acknowledged", len(seen), len(want))
	}
	return nil
}
