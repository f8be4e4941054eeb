package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// hugeBatch is more events than a store may be expected to write in one statement.
const hugeBatch = 10_000

// hugeStreams are the streams of a huge batch. Their order is not that of their names.
func hugeStreams() []eventcore.StreamID {
	return []eventcore.StreamID{id("m"), id("c"), id("x"), id("a"), id("q"), id("b"), id("z")}
}

// huge appends a huge batch behind one event of each stream; its streams take turns of
// one, two and three events.
func (s *subject) huge(ctx context.Context) ([]sent, error) {
	streams := hugeStreams()
	first := make([]part, len(streams))
	next := make([]part, len(streams))
	for i, stream := range streams {
		first[i], next[i] = writes(stream, 0, 1), reads(stream, 1)
	}
	before, err := s.given(ctx, first...)
	if err != nil {
		return nil, err
	}
	w, err := s.batch(next...)
	for n, turn := 0, 0; n < hugeBatch; turn++ {
		for range min(1+turn%3, hugeBatch-n) {
			err = errors.Join(err, w.Append(streams[turn%len(streams)], s.event(fmt.Sprintf(`{"n":%d}`, n))))
			n++
		}
	}
	if err != nil {
		return nil, err
	}
	appended, err := s.store.Append(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("append of %d events to %d streams: %w", hugeBatch, len(streams), err)
	}
	return []sent{before, {w, appended}}, nil
}

func checkHugeBatch(ctx context.Context, s *subject) error {
	batches, err := s.huge(ctx)
	if err != nil {
		return err
	}
	result := batches[1].appended.Streams
	if len(result) != len(hugeStreams()) {
		return fmt.Errorf("got the versions of %d streams, want those of %d", len(result), len(hugeStreams()))
	}
	for i, stream := range hugeStreams() {
		if err := s.holds(ctx, stream, batches...); err != nil {
			return err
		}
		if want := eventcore.Version(1 + len(batches[1].to(stream))); result[i].Stream != stream || result[i].Version != want {
			return fmt.Errorf("got %q at version %d in place %d of the result, want %q at %d", result[i].Stream, result[i].Version, i+1, stream, want)
		}
	}
	return nil
}

func checkAllHugeBatch(ctx context.Context, s *subject) error {
	batches, err := s.huge(ctx)
	if err != nil {
		return err
	}
	all, err := s.everything(ctx)
	if err != nil {
		return err
	}
	before := len(hugeStreams())
	if len(all) != before+hugeBatch {
		return fmt.Errorf("got %d events, want the %d that were appended", len(all), before+hugeBatch)
	}
	for i, w := range batches[1].writes.Events() {
		got, last := &all[before+i], &all[before+i-1]
		if got.ID != w.Event.ID {
			return fmt.Errorf("got event %s, %s@%d, in place %d of a batch of %d, want %s", got.ID, got.Stream, got.Version, i+1, hugeBatch, w.Event.ID)
		}
		if got.Position.Compare(last.Position) <= 0 {
			return fmt.Errorf("got position %s in place %d of a batch of %d behind position %s, want a greater one", got.Position, i+1, hugeBatch, last.Position)
		}
	}
	if got, want := batches[1].appended.Last, all[len(all)-1].Position; got != want {
		return fmt.Errorf("got %s as the last position in the result, want %s as it is read", got, want)
	}
	return nil
}
