package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func checkOldestFirst(ctx context.Context, s *subject) error {
	a := id("a")
	var batches []sent
	for at := range eventcore.Version(12) { // beyond 9: versions are not ordered as text
		b, err := s.given(ctx, writes(a, at, 1))
		if err != nil {
			return err
		}
		batches = append(batches, b)
	}
	return s.holds(ctx, a, batches...)
}

func checkMissingIsEmpty(ctx context.Context, s *subject) error {
	if err := s.holds(ctx, id("missing")); err != nil {
		return fmt.Errorf("in an empty store: %w", err)
	}
	if _, err := s.given(ctx, writes(id("a"), 0, 2)); err != nil {
		return err
	}
	_, err := s.read(ctx, id("missing"), 3)
	return errors.Join(err, s.holds(ctx, id("missing")))
}

func checkReadAfter(ctx context.Context, s *subject) error {
	a := id("a")
	batch, err := s.given(ctx, writes(a, 0, 5), writes(id("b"), 0, 2))
	if err != nil {
		return err
	}
	for after := range eventcore.Version(5) {
		got, err := s.read(ctx, a, after)
		if err != nil {
			return err
		}
		if err := same(fmt.Sprintf("stream of 5 events after version %d", after), got, batch.to(a)[after:], after+1); err != nil {
			return err
		}
	}
	return nil
}

func checkReadBeyond(ctx context.Context, s *subject) error {
	a := id("a")
	if _, err := s.given(ctx, writes(a, 0, 3)); err != nil {
		return err
	}
	for _, after := range []eventcore.Version{3, 4, 1000, math.MaxInt32 + 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64} {
		got, err := s.read(ctx, a, after)
		if err = errors.Join(err, same(fmt.Sprintf("stream of 3 events after version %d", after), got, nil, 0)); err != nil {
			return err
		}
	}
	return nil
}

// longStream is more events than a store may be expected to fetch at a time.
const longStream = 5000

func checkLongStream(ctx context.Context, s *subject) error {
	a := id("a")
	var batches []sent
	for at := eventcore.Version(0); at < longStream; at += 250 {
		b, err := s.given(ctx, writes(a, at, 250))
		if err != nil {
			return err
		}
		batches = append(batches, b)
	}
	got, err := s.read(ctx, a, longStream-1)
	if err == nil && len(got) != 1 {
		err = fmt.Errorf("stream of %d events after all but one: got %d events, want 1", longStream, len(got))
	}
	return errors.Join(err, s.holds(ctx, a, batches...))
}
