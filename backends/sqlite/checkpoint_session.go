package sqlite

import (
	"context"
	"errors"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// change calls do in a transaction that begins with the write lock, and commits unless
// that returns an error. The outcome of the failure tells whether it may be there.
func (s *Store) change(ctx context.Context, op eventcore.Operation, do func(on *session) error) error {
	failed := func(err error) error {
		return &eventcore.StoreFailure{Operation: op, Outcome: eventcore.OutcomeNotApplied, Err: err}
	}
	on, err := s.writer.get(ctx)
	if err != nil {
		return failed(err)
	}
	t := transaction{store: s, on: on}
	defer t.end(ctx)
	if err := t.begin(ctx); err != nil {
		return failed(err)
	}
	if err := do(on); err != nil {
		return failed(err)
	}
	// The last moment at which it is certain that nothing happens.
	if err := ctx.Err(); err != nil {
		return failed(err)
	}
	err = t.commit(ctx)
	if failure, ok := errors.AsType[*eventcore.StoreFailure](err); ok {
		return &eventcore.StoreFailure{Operation: op, Outcome: failure.Outcome, Err: failure.Err}
	}
	return err
}

// look calls do with a session that reads, again while the database is locked.
func (s *Store) look(ctx context.Context, op eventcore.Operation, do func(on *session) error) error {
	on, err := s.readers.get(ctx)
	if err != nil {
		return &eventcore.StoreFailure{Operation: op, Err: err}
	}
	healthy := false
	defer func() {
		if healthy || s.memory {
			s.readers.put(on)
			return
		}
		s.readers.drop(on)
	}()
	if err := s.whileBusy(ctx, func() error { return do(on) }); err != nil {
		return &eventcore.StoreFailure{Operation: op, Err: err}
	}
	healthy = true
	if err := ctx.Err(); err != nil {
		return &eventcore.StoreFailure{Operation: op, Err: err}
	}
	return nil
}
