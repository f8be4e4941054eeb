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

// appliedTwice is a projection that takes a read model which was slow for one that failed.
func appliedTwice() Mutant {
	return Mutant{
		Name: "applied-twice", Doc: "A projection applies one event in 16 once more before it goes on.", Layer: Client,
		Apply: func(
			apply func(ctx context.Context, event eventcore.Recorded) error,
			_ func(ctx context.Context, at eventcore.Position) error,
		) func(ctx context.Context, event eventcore.Recorded) error {
			return func(ctx context.Context, event eventcore.Recorded) error {
				if err := apply(ctx, event); err != nil || event.ID[15]%16 != 0 {
					return err
				}
				return apply(ctx, event)
			}
		},
	}
}

// appliedPoison is a projection that goes on with whatever it could decode of an event.
func appliedPoison() Mutant {
	return Mutant{
		Name: "applied-poison", Doc: "A projection applies an event that it cannot decode as if it had.", Layer: Client,
		Notice: func(
			take func(eventcore.ProjectionNotice),
			apply func(ctx context.Context, event eventcore.Recorded) error,
		) func(eventcore.ProjectionNotice) {
			return func(n eventcore.ProjectionNotice) {
				if n.Kind != eventcore.NoticeSkipped {
					take(n)
					return
				}
				// The hook of a notice has nobody to return an error to.
				_ = apply(context.Background(), n.Event)
			}
		},
	}
}

// swallowedPoison is a projection that keeps quiet about what it cannot decode.
func swallowedPoison() Mutant {
	return Mutant{
		Name: "swallowed-poison", Doc: "A projection passes over an event that it cannot decode and tells nobody.", Layer: Client,
		Notice: func(
			take func(eventcore.ProjectionNotice),
			_ func(ctx context.Context, event eventcore.Recorded) error,
		) func(eventcore.ProjectionNotice) {
			return func(n eventcore.ProjectionNotice) {
				if n.Kind != eventcore.NoticeSkipped {
					take(n)
				}
			}
		},
	}
}
