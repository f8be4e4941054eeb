package mutant

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func falseConflict() Mutant {
	return Mutant{
		Name:  "false-conflict",
		Doc:   "One append in 16 is refused with a conflict that says it found the expected version.",
		Layer: Backend,
		Wrap: func(inner eventcore.Store) eventcore.Store {
			return plant(inner, bug{append: refuseFalsely})
		},
	}
}

func refuseFalsely(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	if !rare("false-conflict", writes, 16) {
		return inner.Append(ctx, writes)
	}
	first := writes.Participants()[0]
	return eventcore.Appended{}, &eventcore.VersionConflict{
		Stream: first.Stream, Expected: first.Expected, Actual: first.Expected,
	}
}
