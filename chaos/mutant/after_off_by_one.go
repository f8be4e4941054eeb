package mutant

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func afterOffByOne() Mutant {
	return Mutant{
		Name:  "after-off-by-one",
		Doc:   "A read after version v yields the event of version v again.",
		Layer: Backend,
		Wrap: func(inner eventcore.Store) eventcore.Store {
			return plant(inner, bug{readStream: readFrom})
		},
	}
}

func readFrom(ctx context.Context, inner eventcore.Store, id eventcore.StreamID, after eventcore.Version) events {
	return inner.ReadStream(ctx, id, max(after, 1)-1)
}
