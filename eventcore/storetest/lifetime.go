package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// reopen replaces the store by the same one, closed and opened again. Once it has
// failed the old store counts as closed: closing it twice could hide why.
func (s *subject) reopen(ctx context.Context) error {
	old := s.store
	s.open = nil
	again, err := opened(ctx, s.options.reopen, old)
	if err != nil {
		return fmt.Errorf("close the store and open it again: %w", err)
	}
	s.open = append(s.open, again)
	return s.use(again)
}

// secondHandle returns a subject that has the same store open too. Both make their event
// IDs from one generator.
func (s *subject) secondHandle(ctx context.Context) (*subject, error) {
	store, err := opened(ctx, s.options.second, s.store)
	if err != nil {
		return nil, fmt.Errorf("open a second handle: %w", err)
	}
	s.open = append(s.open, store)
	other := &subject{all: s.all, options: s.options, idSource: s.idSource}
	return other, other.use(store)
}

// opened calls what an option gives to open a store.
func opened(ctx context.Context, open func(context.Context, eventcore.Store) (eventcore.Store, error), from eventcore.Store) (store eventcore.Store, err error) {
	err = guarded(func() (err error) {
		store, err = open(ctx, from)
		return err
	})
	if err == nil && store == nil {
		err = errors.New("got no store and no error")
	}
	return store, err
}

// use makes store the one that is talked to. It must have what the one before had.
func (s *subject) use(store eventcore.Store) error {
	all, ok := store.(eventcore.AllReader)
	if s.all != nil && !ok {
		return fmt.Errorf("got a %T without ReadAll from a store that has it", store)
	}
	s.store, s.all = store, all
	return nil
}

// close closes all that is open, the last opened first.
func (s *subject) close() error {
	var err error
	for _, store := range slices.Backward(s.open) {
		err = errors.Join(err, closeStore(store))
	}
	return err
}

// closeLast closes the handle that was opened last.
func (s *subject) closeLast() error {
	last := len(s.open) - 1
	store := s.open[last]
	s.open = s.open[:last]
	return closeStore(store)
}
