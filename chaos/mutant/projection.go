package mutant

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// savedBeforeApply is a projection that wants to be safe from applying an event twice. One
// whose process dies in between is never applied.
func savedBeforeApply() Mutant {
	return Mutant{
		Name: "saved-before-apply", Doc: "A projection saves the checkpoint behind an event before it applies it.", Layer: Client,
		Apply: func(
			apply func(ctx context.Context, event eventcore.Recorded) error,
			save func(ctx context.Context, at eventcore.Position) error,
		) func(ctx context.Context, event eventcore.Recorded) error {
			return func(ctx context.Context, event eventcore.Recorded) error {
				if err := save(ctx, event.Position); err != nil {
					return err
				}
				return apply(ctx, event)
			}
		},
	}
}

// swallowedPoison is a projection that keeps quiet about what it cannot decode.
func swallowedPoison() Mutant {
	return Mutant{
		Name: "swallowed-poison", Doc: "A projection passes over an event that it cannot decode and tells nobody.", Layer: Client,
		Notice: func(take func(eventcore.ProjectionNotice)) func(eventcore.ProjectionNotice) {
			return func(n eventcore.ProjectionNotice) {
				if n.Kind != eventcore.NoticeSkipped {
					take(n)
				}
			}
		},
	}
}
