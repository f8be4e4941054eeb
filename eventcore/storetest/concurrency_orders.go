package storetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// checkOppositeOrders lets all writers append to the same streams at the same versions.
// Each begins at another stream, and every other one goes backwards.
func checkOppositeOrders(ctx context.Context, s *subject) error {
	const writers, width = 8, 6
	streams := make([]eventcore.StreamID, width)
	for i := range streams {
		streams[i] = id(fmt.Sprintf("s-%d", i))
	}
	var winners []sent
	for round := range rounds(20, 300) {
		won, err := race(writers, func(i int) (sent, error) {
			return s.append(ctx, inOrder(streams, eventcore.Version(round), i)...)
		})
		if err != nil {
			return fmt.Errorf("round %d, %d writers over %d streams in different orders: %w", round+1, writers, width, err)
		}
		winners = append(winners, won)
	}
	for _, stream := range streams {
		if err := s.holds(ctx, stream, winners...); err != nil {
			return err
		}
	}
	return nil
}

// inOrder returns one event for each stream, in the order of a writer.
func inOrder(streams []eventcore.StreamID, at eventcore.Version, writer int) []part {
	parts := make([]part, len(streams))
	for n := range parts {
		parts[n] = writes(streams[(writer/2+n)%len(streams)], at, 1)
	}
	if writer%2 == 1 {
		slices.Reverse(parts)
	}
	return parts
}
