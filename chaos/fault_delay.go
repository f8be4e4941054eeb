package chaos

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

func delay() behaviour {
	return behaviour{
		info: KindInfo{
			Kind:       Delay,
			Doc:        "The request is slow: what others do meanwhile comes first.",
			Operations: onAll(),
			Timed:      true,
		},
		append: func(ctx context.Context, s *strike, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
			if s.fire(ctx) {
				s.sleep(ctx)
			}
			return inner.Append(ctx, writes)
		},
		read: func(ctx context.Context, s *strike, r *reading, yield pushread.Consumer) {
			if s.fire(ctx) {
				s.sleep(ctx)
			}
			r.run(ctx, yield)
		},
		state: func(ctx context.Context, s *strike, do func(ctx context.Context) error) error {
			if s.fire(ctx) {
				s.sleep(ctx)
			}
			return do(ctx)
		},
	}
}
