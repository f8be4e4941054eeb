package chaos

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// delayAfter delays a read between its last event and its end. A read that fails
// or is broken off has no such moment.
func delayAfter() behaviour {
	return behaviour{
		info: KindInfo{
			Kind:       DelayAfter,
			Doc:        "The answer is slow: when the client has it, others have seen its effect and gone on.",
			Operations: onAll(),
			Timed:      true,
		},
		append: func(ctx context.Context, s *strike, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
			result, err := inner.Append(ctx, writes)
			if s.fire(ctx) {
				s.sleep(ctx)
			}
			return result, err
		},
		read: func(ctx context.Context, s *strike, r *reading, yield pushread.Consumer) {
			r.run(ctx, yield)
			if r.end == ended && s.fire(ctx) {
				s.sleep(ctx)
			}
		},
		state: func(ctx context.Context, s *strike, do func(ctx context.Context) error) error {
			err := do(ctx)
			if s.fire(ctx) {
				s.sleep(ctx)
			}
			return err
		},
		within: func(_ int, r *reading) bool { return r.end == ended },
	}
}
