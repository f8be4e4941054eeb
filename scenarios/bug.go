package scenarios

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Bug is planted into the projections of a client. The zero value is none.
type Bug struct {
	// Apply replaces what applies an event. It is given that, and what saves a checkpoint.
	Apply func(
		apply func(ctx context.Context, event eventcore.Recorded) error,
		save func(ctx context.Context, at eventcore.Position) error,
	) func(ctx context.Context, event eventcore.Recorded) error
	// Notice replaces what takes a notice. It is given that, and what applies an event.
	Notice func(
		take func(eventcore.ProjectionNotice),
		apply func(ctx context.Context, event eventcore.Recorded) error,
	) func(eventcore.ProjectionNotice)
}
