package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func checkConflictDetails(ctx context.Context, s *subject) error {
	a, b := id("a"), id("b")
	if err := errors.Join(s.moveTo(ctx, a, 3), s.moveTo(ctx, b, 1)); err != nil {
		return err
	}
	for _, tc := range []struct {
		parts            []part
		stream           eventcore.StreamID
		expected, actual eventcore.Version
	}{
		{[]part{writes(a, 1, 1)}, a, 1, 3},
		{[]part{writes(b, 1, 1), writes(a, 2, 1)}, a, 2, 3},
		{[]part{writes(b, 7, 1), writes(a, 3, 1)}, b, 7, 1},
		{[]part{reads(a, 0), writes(b, 1, 1)}, a, 0, 3},
		{[]part{writes(b, 1, 1), reads(id("missing"), 2)}, id("missing"), 2, 0},
	} {
		_, err := s.append(ctx, tc.parts...)
		conflict, ok := errors.AsType[*eventcore.VersionConflict](err)
		if !ok {
			return fmt.Errorf("append %s: got %s, want a *eventcore.VersionConflict", describe(tc.parts), describeError(err))
		}
		actual := tc.actual
		if conflict.ActualUnknown {
			actual = 0
		}
		if conflict.Stream != tc.stream || conflict.Expected != tc.expected || conflict.Actual != actual {
			return fmt.Errorf("append %s: got a conflict on %q, expected %d, actual %d; want %q, %d, %d", describe(tc.parts),
				conflict.Stream, conflict.Expected, conflict.Actual, tc.stream, tc.expected, actual)
		}
	}
	return nil
}

func checkConflictOutcome(ctx context.Context, s *subject) error {
	a := id("a")
	if err := s.moveTo(ctx, a, 2); err != nil {
		return err
	}
	for _, parts := range [][]part{{writes(a, 1, 1)}, {writes(a, 3, 1)}, {reads(a, 0), writes(id("b"), 0, 1)}} {
		_, err := s.append(ctx, parts...)
		if got := eventcore.OutcomeOf(err); got != eventcore.OutcomeNotApplied {
			return fmt.Errorf("append %s with a at 2: got %s, whose outcome is %q, want %q", describe(parts), describeError(err), got, eventcore.OutcomeNotApplied)
		}
	}
	return nil
}

func checkConflictLeavesNothing(ctx context.Context, s *subject) error {
	a, b, c := id("a"), id("b"), id("c")
	first, err := s.given(ctx, writes(a, 0, 2), writes(b, 0, 1))
	if err != nil {
		return err
	}
	for _, parts := range [][]part{
		{writes(a, 1, 1), writes(b, 1, 2), writes(c, 0, 1)},
		{writes(b, 1, 2), writes(a, 1, 1), writes(c, 0, 1)},
		{writes(c, 0, 1), writes(b, 1, 2), writes(a, 1, 1)},
		{writes(c, 0, 1), writes(a, 2, 1), reads(b, 0)},
		{reads(b, 2), writes(c, 0, 1), writes(a, 2, 1)},
		{writes(a, 2, 1), writes(b, 1, 1), writes(c, 1, 1)},
	} {
		if _, err := s.append(ctx, parts...); err == nil {
			return fmt.Errorf("append %s with a at 2, b at 1 and c at 0: %w", describe(parts), refused(err))
		}
		if err := errors.Join(s.holds(ctx, a, first), s.holds(ctx, b, first), s.holds(ctx, c)); err != nil {
			return fmt.Errorf("after the refused append %s: %w", describe(parts), err)
		}
	}
	return nil
}

func checkRetry(ctx context.Context, s *subject) error {
	a, b := id("a"), id("b")
	batches := make([]sent, 0, 21)
	first, err := s.given(ctx, writes(a, 0, 1))
	if err != nil {
		return err
	}
	batches = append(batches, first)
	for at := range eventcore.Version(20) {
		if _, err := s.append(ctx, writes(b, at, 1), writes(a, at, 1)); refused(err) != nil {
			return refused(err)
		}
		next, err := s.given(ctx, writes(b, at, 1), writes(a, at+1, 1))
		if err != nil {
			return fmt.Errorf("after a refused append: %w", err)
		}
		batches = append(batches, next)
	}
	return errors.Join(s.holds(ctx, a, batches...), s.holds(ctx, b, batches...))
}
