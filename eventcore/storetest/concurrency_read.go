package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func checkReadersSeeWholeBatches(ctx context.Context, s *subject) error {
	const size, batches, readers = 5, 60, 3
	a := id("a")
	return parallel(1+readers, func(i int) error {
		if i == 0 {
			for n := range eventcore.Version(batches) {
				if _, err := s.given(ctx, writes(a, n*size, size)); err != nil {
					return err
				}
			}
			return nil
		}
		for last := 0; last < size*batches; {
			events, err := s.read(ctx, a, 0)
			if err != nil {
				return err
			}
			for n := range events {
				if int(events[n].Version) != n+1 {
					return fmt.Errorf("got version %d in place %d", events[n].Version, n+1)
				}
			}
			if len(events)%size != 0 || len(events) < last {
				return fmt.Errorf("got %d events, want a multiple of %d and not less than the %d of the read before", len(events), size, last)
			}
			if last = len(events); ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return nil
	})
}

func checkReadYourWrites(ctx context.Context, s *subject) error {
	const writers, appends = 6, 20
	return parallel(writers, func(i int) error {
		stream := id(fmt.Sprintf("writer-%d", i))
		for at := range eventcore.Version(appends) {
			batch, err := s.given(ctx, writes(stream, at, 1))
			if err != nil {
				return err
			}
			got, err := s.read(ctx, stream, at)
			if err = errors.Join(err, same(fmt.Sprintf("stream %q after version %d", stream, at), got, batch.to(stream), at+1)); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkAllReadYourWrites has each writer look for its own events only, behind the last
// of them, while the others append.
func checkAllReadYourWrites(ctx context.Context, s *subject) error {
	const writers = 6
	return parallel(writers, func(i int) error {
		stream := id(fmt.Sprintf("writer-%d", i))
		own, err := prefixes(stream.String())
		if err != nil {
			return err
		}
		var after eventcore.Position
		for n := range rounds(20, 200) {
			at := eventcore.Version(n)
			batch, err := s.given(ctx, writes(stream, at, 1))
			if err != nil {
				return err
			}
			got, err := s.readAll(ctx, own[0], after, 0)
			what := fmt.Sprintf("global order of stream %q after version %d, while others append", stream, at)
			if err = errors.Join(err, same(what, got, batch.to(stream), at+1)); err != nil {
				return err
			}
			after = got[0].Position
		}
		return nil
	})
}
