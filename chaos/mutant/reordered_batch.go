package mutant

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func reorderedBatch() Mutant {
	return Mutant{
		Name:  "reordered-batch",
		Doc:   "The events that a batch writes to one stream are recorded last first.",
		Layer: Backend,
		Wrap: func(inner eventcore.Store) eventcore.Store {
			return plant(inner, bug{append: appendReversed})
		},
	}
}

func appendReversed(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	participants, all := writes.Participants(), writes.Events()
	streams := make([][]eventcore.Proposed, len(participants))
	for _, w := range all {
		streams[w.Participant] = append(streams[w.Participant], w.Event)
	}
	reversed, err := edit(writes, asExpected, noEvent)
	if err != nil {
		return eventcore.Appended{}, err
	}
	for _, w := range all {
		left := streams[w.Participant]
		last := len(left) - 1
		if err := reversed.Append(participants[w.Participant].Stream, left[last]); err != nil {
			return eventcore.Appended{}, err
		}
		streams[w.Participant] = left[:last]
	}
	return inner.Append(ctx, reversed)
}
