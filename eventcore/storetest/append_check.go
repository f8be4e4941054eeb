package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func checkTooLow(ctx context.Context, s *subject) error {
	a := id("a")
	if _, err := s.given(ctx, writes(a, 0, 3)); err != nil {
		return err
	}
	for at := range eventcore.Version(3) {
		if _, err := s.append(ctx, writes(a, at, 1)); refused(err) != nil {
			return fmt.Errorf("append at %d to a stream at 3: %w", at, refused(err))
		}
	}
	return nil
}

func checkMovedReadOnly(ctx context.Context, s *subject) error {
	for _, order := range [][]part{
		{reads(id("a"), 1), writes(id("b"), 0, 1)},
		{writes(id("c"), 0, 1), reads(id("a"), 1)},
	} {
		if err := s.moveTo(ctx, id("a"), 2); err != nil {
			return err
		}
		if _, err := s.append(ctx, order...); refused(err) != nil {
			return fmt.Errorf("%s with %q at 2: %w", describe(order), "a", refused(err))
		}
	}
	return nil
}

// moveTo appends events to a stream until it is at a version.
func (s *subject) moveTo(ctx context.Context, stream eventcore.StreamID, version int) error {
	events, err := s.read(ctx, stream, 0)
	if err != nil || len(events) >= version {
		return err
	}
	_, err = s.given(ctx, writes(stream, eventcore.Version(len(events)), version-len(events)))
	return err
}

func checkTooHigh(ctx context.Context, s *subject) error {
	a := id("a")
	if err := s.moveTo(ctx, a, 2); err != nil {
		return err
	}
	for _, at := range []eventcore.Version{3, 4, 1 << 40, math.MaxInt64 + 1, math.MaxUint64} {
		if _, err := s.append(ctx, writes(a, at, 1)); refused(err) != nil {
			return fmt.Errorf("append at %d to a stream at 2: %w", at, refused(err))
		}
		if _, err := s.append(ctx, reads(a, at), writes(id("b"), 0, 1)); refused(err) != nil {
			return fmt.Errorf("append with a read-only participant expected at %d that is at 2: %w", at, refused(err))
		}
	}
	return nil
}

func checkMissingIsZero(ctx context.Context, s *subject) error {
	for _, parts := range [][]part{
		{writes(id("missing"), 1, 1)},
		{reads(id("missing"), 1), writes(id("b"), 0, 1)},
		{reads(id("missing"), 1)},
	} {
		if _, err := s.append(ctx, parts...); refused(err) != nil {
			return fmt.Errorf("append %s, which does not exist: %w", describe(parts), refused(err))
		}
	}
	_, err := s.given(ctx, writes(id("missing"), 0, 1))
	return err
}

func checkReadOnlyEmpty(ctx context.Context, s *subject) error {
	if err := s.moveTo(ctx, id("a"), 1); err != nil {
		return err
	}
	for _, order := range [][]part{
		{reads(id("a"), 0), writes(id("b"), 0, 1)},
		{writes(id("c"), 0, 1), reads(id("a"), 0)},
	} {
		if _, err := s.append(ctx, order...); refused(err) != nil {
			return fmt.Errorf("%s with %q at 1: %w", describe(order), "a", refused(err))
		}
	}
	return nil
}

func checkReadOnlyUnmoved(ctx context.Context, s *subject) error {
	a, b, missing := id("a"), id("b"), id("missing")
	first, err := s.given(ctx, writes(a, 0, 2))
	if err != nil {
		return err
	}
	for at := range eventcore.Version(3) {
		if _, err := s.given(ctx, reads(a, 2), writes(b, at, 1), reads(missing, 0)); err != nil {
			return err
		}
	}
	return errors.Join(s.holds(ctx, a, first), s.holds(ctx, missing))
}

func checkEmptyBatchChecks(ctx context.Context, s *subject) error {
	a, b := id("a"), id("b")
	if err := s.moveTo(ctx, a, 2); err != nil {
		return err
	}
	for _, parts := range [][]part{
		{reads(a, 1)}, {reads(a, 3)}, {reads(a, 0)}, {reads(b, 1)}, {reads(a, 2), reads(b, 1)}, {reads(b, 0), reads(a, 1)},
	} {
		if _, err := s.append(ctx, parts...); refused(err) != nil {
			return fmt.Errorf("append %s with a at 2 and b at 0: %w", describe(parts), refused(err))
		}
	}
	return nil
}
