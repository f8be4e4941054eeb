package mutant

import (
	"context"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func wrongVersionResult() Mutant {
	return Mutant{
		Name:  "wrong-version-result",
		Doc:   "The result of an append has the versions from before it in place of the new ones.",
		Layer: Backend,
		Wrap: func(inner eventcore.Store) eventcore.Store {
			return plant(inner, bug{append: reportOldVersions})
		},
	}
}

func reportOldVersions(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	result, err := inner.Append(ctx, writes)
	result.Streams = slices.Clone(result.Streams)
	for i, p := range written(writes) {
		if i < len(result.Streams) {
			result.Streams[i].Version = p.Expected
		}
	}
	return result, err
}
