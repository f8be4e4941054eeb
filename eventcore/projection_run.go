package eventcore

import (
	"context"
	"errors"
)

// RunProjection reads the global order page by page and hands each event to the projector,
// from its checkpoint on, in order, and at least once: no event is left out unless a
// [SkipEvent] says so, and only those behind the saved checkpoint come again. It ends when
// there is nothing more to read or, with [WithPolling], when its context is cancelled.
//
// The checkpoint is saved after each event, which costs a write an event;
// [WithCheckpointEachPage] saves it after each page, and a [CheckpointingProjector] in its
// own transactions. A read, a save or a call for the leadership that fails is tried again
// ([WithFailureRetry]); an event that fails ends the run ([WithEventStrategy]).
//
// A cancelled context ends the run at once with an error in which errors.Is finds the
// context's, after what was applied is saved. The result tells with an error too how far
// the projection has come; [*EventFailure] is the error of an event.
func RunProjection[E any](ctx context.Context, reader AllReader, projector Projector[E], opts ...ProjectionOption) (Projected, error) {
	m, err := NewProjectionMachine(projector, opts...)
	if err != nil {
		return Projected{}, err
	}
	if reader == nil {
		return Projected{}, errors.New("eventcore: project: the reader is nil; pass a store that has a global order")
	}
	r := &projectionRun[E]{machine: m, reader: reader, projector: projector}
	r.checkpointing, _ = projector.(CheckpointingProjector)
	defer r.abandon(ctx)
	for {
		if ctx.Err() != nil {
			m.Cancel(cancellation(ctx))
		}
		r.report(ctx)
		effect := m.Next()
		if effect.Kind == ProjectionDone {
			return effect.Projected, effect.Err
		}
		r.step(ctx, effect)
	}
}

// projectionRun performs the effects of a machine.
type projectionRun[E any] struct {
	machine       *ProjectionMachine[E]
	reader        AllReader
	projector     Projector[E]
	checkpointing CheckpointingProjector // nil if the projector is none
	lease         Lease                  // nil where the projection does not lead
}

// step performs one effect and answers the machine.
func (r *projectionRun[E]) step(ctx context.Context, effect *ProjectionEffect[E]) {
	var err error
	ctx, ended := r.traceStep(ctx, effect)
	defer func() { ended(err) }()
	m, settled := r.machine, effect.Detached
	if settled {
		detached, cancel := r.detached(ctx)
		defer cancel()
		ctx = detached
	}
	// cut says whether a call failed because of the context: that is no answer.
	cut := func(err error) bool {
		if settled || err == nil || ctx.Err() == nil {
			return false
		}
		m.Cancel(cancellation(ctx))
		return true
	}
	switch effect.Kind {
	case ProjectionRead:
		err = r.readPage(ctx, effect)
	case ProjectionApply:
		if err = r.projector.Apply(r.called(ctx), effect.Event); !cut(err) {
			m.Applied(err)
		}
	case ProjectionSave:
		var at Position
		if at, err = m.settings.checkpoints.SaveCheckpoint(ctx, m.settings.subscription, effect.At); !cut(err) {
			m.Saved(at, err)
		}
	case ProjectionSkip:
		if err = r.checkpointing.SkipEvent(r.called(ctx), effect.At); !cut(err) {
			m.SkipEnded(err)
		}
	case ProjectionLoad:
		var at Position
		if at, err = r.load(ctx); !cut(err) {
			m.Loaded(at, err)
		}
	case ProjectionSleep:
		if err = m.settings.clock.Sleep(ctx, effect.Delay); !cut(err) {
			m.Slept(err)
		}
	case ProjectionAcquire:
		var token uint64
		if token, err = r.acquire(ctx); !cut(err) {
			m.Acquired(token, err)
		}
	case ProjectionCheck:
		if err = r.lease.Check(ctx); !cut(err) {
			m.Checked(err)
		}
	case ProjectionRelease:
		m.Released(r.release(ctx))
	case ProjectionDone: // the run has returned
	}
}

// readPage reads a page and closes the read. It returns the error that the read ended with.
func (r *projectionRun[E]) readPage(ctx context.Context, effect *ProjectionEffect[E]) (failed error) {
	for recorded, err := range r.reader.ReadAll(ctx, effect.Filter, effect.After, effect.Limit) {
		if err != nil {
			failed = err
			break
		}
		if !r.machine.Take(&recorded) {
			break
		}
	}
	// A reader that ends its sequence early without an error must not pass for drained.
	if ctx.Err() != nil {
		r.machine.Cancel(cancellation(ctx))
		return failed
	}
	r.machine.ReadEnded(failed)
	return failed
}

// load asks the projector for its checkpoint, else the store.
func (r *projectionRun[E]) load(ctx context.Context) (Position, error) {
	if r.checkpointing != nil {
		return r.checkpointing.LoadCheckpoint(r.called(ctx))
	}
	return r.machine.settings.checkpoints.LoadCheckpoint(ctx, r.machine.settings.subscription)
}

// called returns the context with which the projector is called.
func (r *projectionRun[E]) called(ctx context.Context) context.Context {
	if r.lease == nil {
		return ctx
	}
	return withFencingToken(ctx, r.machine.token)
}
