package eventcore_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

var silent = slog.New(slog.DiscardHandler)

// projectionPlants are bugs that a projection could have, put between it and the world.
var projectionPlants = []struct {
	name  string
	plant func(*parts)
}{
	{"a page begins one event late after an error", func(p *parts) { p.reader = &skippingReader{AllReader: p.reader} }},
	{"a read error ends the page without an error", func(p *parts) { p.reader = quietReader{p.reader} }},
	{"only the first page is read", func(p *parts) { p.reader = &firstPage{AllReader: p.reader} }},
	{"a failed event is passed silently", func(p *parts) { p.projector = swallowingProjector(p) }},
	{"the checkpoint is saved before the event is applied", func(p *parts) { p.projector = savingFirst(p) }},
	{"the checkpoint is one event ahead", func(p *parts) { p.checkpoints = aheadCheckpoints{p.checkpoints} }},
	{"the checkpoint is not loaded", func(p *parts) { p.checkpoints = forgetful{p.checkpoints} }},
	{"a failed save passes for saved", func(p *parts) { p.checkpoints = unsaved{p.checkpoints} }},
	{"nothing is saved once the context is cancelled", func(p *parts) { p.checkpoints = attached{p.checkpoints, p.ctx} }},
	{"a lost lease goes unseen", func(p *parts) { p.coordinator = blindCoordinator{p.coordinator, false} }},
	{"the lease is kept", func(p *parts) { p.coordinator = blindCoordinator{p.coordinator, true} }},
	{"a failed transaction is tried again unseen", func(p *parts) { p.projector = rashProjector(p) }},
}

// skippingReader reads from the position behind the next event after it has failed.
type skippingReader struct {
	eventcore.AllReader
	failed bool
}

func (r *skippingReader) ReadAll(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		skip := r.failed
		r.failed = false
		for e, err := range r.AllReader.ReadAll(ctx, f, after, limit) {
			r.failed = r.failed || err != nil
			if skip && err == nil {
				skip = false
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// quietReader ends a read that fails as if it were whole.
type quietReader struct{ eventcore.AllReader }

func (r quietReader) ReadAll(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		for e, err := range r.AllReader.ReadAll(ctx, f, after, limit) {
			if err != nil || !yield(e, nil) {
				return
			}
		}
	}
}

// firstPage has nothing more after the first page with events.
type firstPage struct {
	eventcore.AllReader
	read bool
}

func (r *firstPage) ReadAll(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		if r.read {
			return
		}
		for e, err := range r.AllReader.ReadAll(ctx, f, after, limit) {
			r.read = r.read || err == nil
			if !yield(e, err) {
				return
			}
		}
	}
}

// replaced is a projector with another Apply, which keeps its checkpoint if it did before.
func replaced(p *parts, apply eventcore.ProjectorFunc[scriptEvent]) eventcore.Projector[scriptEvent] {
	if own, ok := p.projector.(eventcore.CheckpointingProjector); ok {
		return struct {
			eventcore.ProjectorFunc[scriptEvent]
			eventcore.CheckpointingProjector
		}{apply, own}
	}
	return apply
}

func swallowingProjector(p *parts) eventcore.Projector[scriptEvent] {
	inner := p.projector
	return replaced(p, func(ctx context.Context, e eventcore.Event[scriptEvent]) error {
		_ = inner.Apply(ctx, e)
		return nil
	})
}

func savingFirst(p *parts) eventcore.Projector[scriptEvent] {
	inner := p.projector
	return replaced(p, func(ctx context.Context, e eventcore.Event[scriptEvent]) error {
		if _, err := p.checkpoints.SaveCheckpoint(ctx, eventcore.SubscriptionID{}, e.Position); err != nil {
			return err
		}
		return inner.Apply(ctx, e)
	})
}

// rashProjector makes a second attempt at an event without asking whether the first one
// was committed.
func rashProjector(p *parts) eventcore.Projector[scriptEvent] {
	inner := p.projector
	return replaced(p, func(ctx context.Context, e eventcore.Event[scriptEvent]) error {
		err := inner.Apply(ctx, e)
		if err != nil && !errors.Is(err, context.Canceled) {
			err = inner.Apply(ctx, e)
		}
		return err
	})
}

type aheadCheckpoints struct{ eventcore.CheckpointStore }

func (c aheadCheckpoints) SaveCheckpoint(ctx context.Context, id eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	_, lo := at.Parts()
	_, err := c.CheckpointStore.SaveCheckpoint(ctx, id, eventcore.NewPosition(0, lo+3))
	return at, err
}

type forgetful struct{ eventcore.CheckpointStore }

func (forgetful) LoadCheckpoint(context.Context, eventcore.SubscriptionID) (eventcore.Position, error) {
	return eventcore.Position{}, nil
}

type unsaved struct{ eventcore.CheckpointStore }

func (c unsaved) SaveCheckpoint(ctx context.Context, id eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	_, _ = c.CheckpointStore.SaveCheckpoint(ctx, id, at)
	return at, nil
}

// attached saves nothing once the context of the run is cancelled.
type attached struct {
	eventcore.CheckpointStore
	run context.Context
}

func (c attached) SaveCheckpoint(ctx context.Context, id eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	if c.run.Err() != nil {
		return eventcore.Position{}, c.run.Err()
	}
	return c.CheckpointStore.SaveCheckpoint(ctx, id, at)
}

// blindCoordinator hides that a lease is lost, or does not give it up.
type blindCoordinator struct {
	eventcore.Coordinator
	keeps bool
}

func (c blindCoordinator) TryAcquire(ctx context.Context, id eventcore.SubscriptionID) (eventcore.Lease, error) {
	lease, err := c.Coordinator.TryAcquire(ctx, id)
	if err != nil {
		return nil, err
	}
	return blindLease{lease, c.keeps}, nil
}

type blindLease struct {
	eventcore.Lease
	keeps bool
}

func (l blindLease) Check(ctx context.Context) error {
	if err := l.Lease.Check(ctx); l.keeps || !errors.Is(err, eventcore.ErrLeaseLost) {
		return err
	}
	return nil
}

func (l blindLease) Release(ctx context.Context) error {
	if l.keeps {
		return nil
	}
	return l.Lease.Release(ctx)
}

var _ eventcore.TimeoutClock = (*world)(nil)
