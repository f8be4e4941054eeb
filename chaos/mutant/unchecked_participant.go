package mutant

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func uncheckedParticipant() Mutant {
	return Mutant{
		Name:  "unchecked-participant",
		Doc:   "The versions of streams that a batch only reads are not checked.",
		Layer: Backend,
		Wrap: func(inner eventcore.Store) eventcore.Store {
			return plant(inner, bug{append: appendUnchecked})
		},
	}
}

func appendUnchecked(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	edited, err := edit(writes, func(p eventcore.Participant) (eventcore.Version, bool) {
		return p.Expected, p.Events > 0
	}, anyEvent)
	if err != nil {
		return eventcore.Appended{}, err
	}
	return inner.Append(ctx, edited)
}
