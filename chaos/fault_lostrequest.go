package chaos

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func lostRequest() behaviour {
	return behaviour{
		info: KindInfo{
			Kind:       LostRequest,
			Doc:        "The connection is lost with the request on its way: nothing was done, but the client cannot know.",
			Operations: append(onAppends(), onStates()...),
		},
		append: func(ctx context.Context, s *strike, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
			if !s.fire(ctx) {
				return inner.Append(ctx, writes)
			}
			return eventcore.Appended{}, s.failure(eventcore.OutcomeUnknown)
		},
		state: func(ctx context.Context, s *strike, do func(ctx context.Context) error) error {
			if !s.fire(ctx) {
				return do(ctx)
			}
			return s.failure(eventcore.OutcomeUnknown)
		},
	}
}
