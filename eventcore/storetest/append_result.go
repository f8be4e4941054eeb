package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func checkEmptyBatchResult(ctx context.Context, s *subject) error {
	a, missing := id("a"), id("missing")
	first, err := s.given(ctx, writes(a, 0, 2))
	if err != nil {
		return err
	}
	for _, parts := range [][]part{{reads(a, 2)}, {reads(missing, 0)}, {reads(missing, 0), reads(a, 2)}, nil} {
		empty, err := s.given(ctx, parts...)
		if err != nil {
			return err
		}
		if got := empty.appended; len(got.Streams) != 0 || !got.Last.IsZero() {
			return fmt.Errorf("append of no events: got versions %v and last position %s, want none and zero", got.Streams, got.Last)
		}
	}
	return errors.Join(s.holds(ctx, a, first), s.holds(ctx, missing))
}

func checkResultVersions(ctx context.Context, s *subject) error {
	a, b, c := id("a"), id("b"), id("c")
	for _, tc := range []struct {
		parts []part
		want  []eventcore.StreamVersion
	}{
		{[]part{writes(a, 0, 2)}, []eventcore.StreamVersion{{Stream: a, Version: 2}}},
		{[]part{writes(c, 0, 1), reads(a, 2), writes(b, 0, 3)}, []eventcore.StreamVersion{{Stream: c, Version: 1}, {Stream: b, Version: 3}}},
		{[]part{writes(b, 3, 1), writes(c, 1, 1), writes(a, 2, 1)}, []eventcore.StreamVersion{
			{Stream: b, Version: 4}, {Stream: c, Version: 2}, {Stream: a, Version: 3},
		}},
	} {
		batch, err := s.given(ctx, tc.parts...)
		if err != nil {
			return err
		}
		if got := batch.appended.Streams; !slices.Equal(got, tc.want) {
			return fmt.Errorf("append %s: got versions %v, want %v", describe(tc.parts), got, tc.want)
		}
	}
	return nil
}

func checkResultPosition(ctx context.Context, s *subject) error {
	a, b := id("a"), id("b")
	for i, parts := range [][]part{{writes(a, 0, 1)}, {writes(a, 1, 2), writes(b, 0, 3)}, {writes(b, 3, 2), writes(a, 3, 1)}} {
		batch, err := s.given(ctx, parts...)
		if err != nil {
			return err
		}
		last := parts[len(parts)-1].stream
		events, err := s.read(ctx, last, 0)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return fmt.Errorf("stream %q: got no events after append %d, want some", last, i+1)
		}
		if want := events[len(events)-1].Position; batch.appended.Last != want {
			return fmt.Errorf("append %s: got last position %s, want %s, that of its last event", describe(parts), batch.appended.Last, want)
		}
	}
	return nil
}
