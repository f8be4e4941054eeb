package chaos

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

func failBefore() behaviour {
	return behaviour{
		info: KindInfo{
			Kind:       FailBefore,
			Doc:        "The store cannot be reached, and the client knows that nothing was done.",
			Operations: onAll(),
		},
		append: func(ctx context.Context, s *strike, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
			if !s.fire(ctx) {
				return inner.Append(ctx, writes)
			}
			return eventcore.Appended{}, s.failure(eventcore.OutcomeNotApplied)
		},
		read: func(ctx context.Context, s *strike, r *reading, yield pushread.Consumer) {
			if !s.fire(ctx) {
				r.run(ctx, yield)
				return
			}
			yield(eventcore.Recorded{}, s.failure(eventcore.OutcomeUnknown))
		},
		state: func(ctx context.Context, s *strike, do func(ctx context.Context) error) error {
			if !s.fire(ctx) {
				return do(ctx)
			}
			return s.failure(eventcore.OutcomeNotApplied)
		},
	}
}
