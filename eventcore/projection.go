package eventcore

import "context"

// Projector makes something of events, such as a read model. E is the type of the
// events, most often an interface. [RunProjection] calls it, one event at a time and in
// the global order.
type Projector[E any] interface {
	// Apply takes in one event. An event comes again if Apply returned an error and is
	// tried again, or if the run ended before the checkpoint behind the event was saved:
	// applying it twice must do no harm, unless the projector is a
	// [CheckpointingProjector]. [FencingToken] finds the token of the leadership in ctx.
	Apply(ctx context.Context, event Event[E]) error
}

// ProjectorFunc is a function that is a [Projector].
type ProjectorFunc[E any] func(ctx context.Context, event Event[E]) error

// Apply implements [Projector].
func (f ProjectorFunc[E]) Apply(ctx context.Context, event Event[E]) error { return f(ctx, event) }

// CheckpointingProjector is a [Projector] that keeps its own checkpoint: Apply commits
// what it makes of an event and the event's Position in one transaction, so that each
// event takes effect exactly once, whenever the process dies. The SQL backends have
// SaveCheckpointTx for that. Such a projection saves nothing itself, and after a failed
// Apply it asks LoadCheckpoint first whether the transaction was committed all the same.
//
// A projector that finds another position than the one before the event in its
// transaction should refuse the event: another one projects too.
type CheckpointingProjector interface {
	// LoadCheckpoint returns the position of the last event that was applied or skipped,
	// the zero Position if none was.
	LoadCheckpoint(ctx context.Context) (Position, error)

	// SkipEvent commits a position behind an event that is not applied, because of
	// [SkipEvent].
	SkipEvent(ctx context.Context, at Position) error
}

// Projected is what a projection came to.
type Projected struct {
	// Position is that of the last event that was applied or skipped, else the one where
	// the projection began.
	Position Position
	// Checkpoint is the position that is known to be saved, by the projection or by its
	// [CheckpointingProjector]. The next run begins there or further on.
	Checkpoint Position
	// Applied and Skipped count events; an event that came again counts again.
	Applied, Skipped int
	// Retried counts the further attempts to apply an event.
	Retried int
	// Failures counts the failures of reads, checkpoints and leadership.
	Failures int
}
