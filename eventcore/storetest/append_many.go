package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// manyParticipants is more streams than a store may be expected to check in one go.
const manyParticipants = 300

// checkManyParticipants moves one of many participants at a time: each batch must be
// refused for that one and pass once it is expected where it is.
func checkManyParticipants(ctx context.Context, s *subject) error {
	parts := make([]part, manyParticipants)
	for n := range parts {
		parts[n] = reads(id(fmt.Sprintf("many-%d", n)), 0)
		if n%3 == 0 { // the others are empty: there is nothing of them to find
			parts[n].events = 1
		}
	}
	if _, err := s.given(ctx, append([]part{writes(id("target"), 0, 1)}, parts...)...); err != nil {
		return fmt.Errorf("with %d participants: %w", 1+manyParticipants, err)
	}
	for n := range parts {
		parts[n].expected, parts[n].events = eventcore.Version(parts[n].events), 0
	}
	for round, n := range []int{0, 1, 31, 63, 64, 99, 100, 127, 150, 255, 256, 298, 299} {
		if err := s.refusesMoved(ctx, parts, n, eventcore.Version(1+round)); err != nil {
			return fmt.Errorf("%d participants of which one has moved, number %d: %w", 1+manyParticipants, 2+n, err)
		}
	}
	return nil
}

// refusesMoved moves the n-th of the streams and appends to the target, which is at a
// version, as if it had not moved; and then as if it had.
func (s *subject) refusesMoved(ctx context.Context, parts []part, n int, target eventcore.Version) error {
	moved := &parts[n]
	if _, err := s.given(ctx, writes(moved.stream, moved.expected, 1)); err != nil {
		return err
	}
	batch := append([]part{writes(id("target"), target, 1)}, parts...)
	_, err := s.append(ctx, batch...)
	if err := refused(err); err != nil {
		return err
	}
	conflict, ok := errors.AsType[*eventcore.VersionConflict](err)
	if ok && conflict.Stream != moved.stream {
		return fmt.Errorf("got a conflict on %q, want one on %q", conflict.Stream, moved.stream)
	}
	moved.expected++
	batch[1+n] = *moved
	if _, err := s.append(ctx, batch...); err != nil {
		return fmt.Errorf("expected where they are: got %s, want none", describeError(err))
	}
	return nil
}
