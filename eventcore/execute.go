package eventcore

import (
	"context"
	"errors"
)

// Execute runs a command on a store: it reads and folds the command's streams, asks
// it what happens, and appends that, with every stream read as a participant. After a
// version conflict it runs the whole command again by the retry policy.
//
// A business rule, a decode error ([*DeserializationFailed]) and a [*StoreFailure] are
// returned as they are and not retried; once retries are used up errors.Is finds
// [ErrVersionConflict]. The result says with an error too how many attempts there
// were, what was read, and in Outcome whether the append may have been applied.
func Execute[S, E any](ctx context.Context, store Store, command Command[S, E], opts ...Option) (Executed, error) {
	m, err := NewMachine(command, opts...)
	if err != nil {
		return Executed{Outcome: OutcomeNotApplied}, err
	}
	var executed Executed
	if t := m.settings.telemetry; t == nil {
		executed, err = m.run(ctx, store)
	} else {
		executed, err = t.execute(ctx, commandName(command), func(ctx context.Context) (Executed, error) {
			return m.run(ctx, t.Wrap(store))
		})
	}
	m.settings.log(ctx, command, &executed, err)
	return executed, err
}

// run performs the effects of the machine.
func (m *Machine[S, E]) run(ctx context.Context, store Store) (Executed, error) {
	for {
		switch effect := m.Next(); effect.Kind {
		case EffectRead:
			m.ReadEnded(m.readStream(ctx, store, effect))
		case EffectAppend:
			m.AppendEnded(store.Append(ctx, effect.Writes))
		case EffectSleep:
			m.Slept(m.settings.clock.Sleep(ctx, effect.Retry.Delay))
		case EffectLoadSnapshot:
			m.SnapshotLoaded(m.settings.snapshots.LoadSnapshot(ctx, effect.Key))
		case EffectSaveSnapshot:
			m.SnapshotSaved(m.settings.snapshots.SaveSnapshot(ctx, effect.Key, effect.Snapshot))
		default:
			return effect.Executed, effect.Err
		}
	}
}

// pusher is a layer of this module around a store that calls a function with what its
// ReadStream yields. A read through it makes no sequence.
type pusher interface {
	PushStream(ctx context.Context, id StreamID, after Version, consume func(Recorded, error) bool)
}

// These are what a read panics with, as a loop does: where its store yields more than is wanted, and
// where it stops a panic of the command. A command would else decide on a part of a stream.
var (
	errGoesOn = errors.New("eventcore: the store goes on with a read that the command has ended")
	errStops  = errors.New("eventcore: the store has stopped a panic of the command in the middle of a read")
)

// streamRead is the loop of a machine over the events of a stream. Written as one it would
// need memory for each read.
type streamRead struct {
	// body is next of the machine as a function value.
	body func(Recorded, error) bool
	// over says that nothing more is wanted, within that the body is under way, or has panicked; err
	// is what the store failed with.
	over, within bool
	err          error
}

// readStream folds a stream event by event.
func (m *Machine[S, E]) readStream(ctx context.Context, store Store, effect *Effect) error {
	r := &m.reading
	if r.body == nil {
		r.body = m.next
	}
	r.over, r.within, r.err = false, false, nil
	if p, pushes := store.(pusher); pushes {
		p.PushStream(ctx, effect.Stream, effect.After, r.body)
	} else {
		store.ReadStream(ctx, effect.Stream, effect.After)(r.body)
	}
	r.over = true
	if r.within {
		panic(errStops)
	}
	return r.err
}

// next is the body of the loop over the events of a stream.
func (m *Machine[S, E]) next(recorded Recorded, err error) bool {
	r := &m.reading
	if r.over {
		panic(errGoesOn)
	}
	if err != nil {
		r.over, r.err = true, err
		return false
	}
	r.over, r.within = true, true
	r.over = !m.Fold(&recorded)
	r.within = false
	return !r.over
}
