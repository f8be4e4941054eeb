package chaos

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// conflict names no actual version: the injector does not know it, and one made up
// would be a lie of a store.
func conflict() behaviour {
	return behaviour{
		info: KindInfo{
			Kind:       Conflict,
			Doc:        "The store refuses an append for a conflict that none of its streams shows, as after a serialization failure.",
			Operations: onAppends(),
		},
		append: func(ctx context.Context, s *strike, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
			if !s.fire(ctx) {
				return inner.Append(ctx, writes)
			}
			first := writes.Participants()[0]
			return eventcore.Appended{}, &injected{Conflict, &eventcore.VersionConflict{
				Stream: first.Stream, Expected: first.Expected, ActualUnknown: true,
			}}
		},
	}
}
