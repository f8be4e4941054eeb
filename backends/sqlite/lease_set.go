package sqlite

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// leases are those that a store holds.
type leases struct {
	mu     sync.Mutex
	held   []*lease // in the order in which they were acquired
	closed bool
}

// add refuses a lease once the store is closed.
func (s *leases) add(l *lease) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.held = append(s.held, l)
	return nil
}

// remove forgets a lease, if it is there.
func (s *leases) remove(l *lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = slices.DeleteFunc(s.held, func(held *lease) bool { return held == l })
}

// close refuses all further leases and gives up those that are held.
func (s *leases) close() error {
	s.mu.Lock()
	held := s.held
	s.held, s.closed = nil, true
	s.mu.Unlock()
	var failed []error
	for _, l := range held {
		failed = append(failed, l.Release(context.Background()))
	}
	return errors.Join(failed...)
}
