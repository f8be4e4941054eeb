package chaos

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// failAfter loses the store's answer whatever it was, a refusal too: a client that
// still learned of a conflict would not be in the dark as it is in real life. So
// the store's own error is not even wrapped.
func failAfter() behaviour {
	return behaviour{
		info: KindInfo{
			Kind:       FailAfter,
			Doc:        "The connection is lost with the answer on its way: the store did what it was asked, but the client cannot know.",
			Operations: append(onAppends(), onStates()...),
		},
		append: func(ctx context.Context, s *strike, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
			result, err := inner.Append(ctx, writes)
			if !s.fire(ctx) {
				return result, err
			}
			return eventcore.Appended{}, s.failure(eventcore.OutcomeUnknown)
		},
		state: func(ctx context.Context, s *strike, do func(ctx context.Context) error) error {
			err := do(ctx)
			if !s.fire(ctx) {
				return err
			}
			return s.failure(eventcore.OutcomeUnknown)
		},
	}
}
