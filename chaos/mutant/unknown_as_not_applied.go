package mutant

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func unknownAsNotApplied() Mutant {
	return Mutant{
		Name:        "unknown-as-not-applied",
		Doc:         "An append whose outcome is unknown is reported as not applied.",
		Layer:       Client,
		NeedsFaults: []string{"fail-after"},
		Wrap: func(inner eventcore.Store) eventcore.Store {
			return plant(inner, bug{append: claimNotApplied})
		},
	}
}

func claimNotApplied(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	result, err := inner.Append(ctx, writes)
	if eventcore.OutcomeOf(err) == eventcore.OutcomeUnknown {
		err = notApplied(err)
	}
	return result, err
}
