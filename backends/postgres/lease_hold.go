package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// errReleased is what the check of a lease says that was given up.
var errReleased = fmt.Errorf("%w: it was released, or its store was closed", eventcore.ErrLeaseLost)

// lease is a leadership.
type lease struct {
	store *Store
	token uint64
	// key is the number that is locked, if given says so.
	key   int64
	given bool
	// conn is used by whoever has put something into turn.
	conn *pgx.Conn
	turn chan struct{}
	// over: it was released or lost.
	over atomic.Bool
}

// Token implements [eventcore.Lease].
func (l *lease) Token() uint64 { return l.token }

// Check implements [eventcore.Lease]. It takes one round trip.
func (l *lease) Check(ctx context.Context) error {
	if err := l.check(ctx); err != nil {
		return &eventcore.StoreFailure{Operation: eventcore.OpCheckLease, Err: because(ctx, err)}
	}
	return nil
}

func (l *lease) check(ctx context.Context) error {
	if l.over.Load() {
		return errReleased
	}
	if err := l.begin(ctx); err != nil {
		return err
	}
	defer func() { <-l.turn }()
	if l.over.Load() {
		return errReleased
	}
	err := l.ask(ctx)
	if errors.Is(err, eventcore.ErrLeaseLost) && !l.over.Swap(true) {
		l.store.leases.remove(l)
		l.cut()
		return err
	}
	// It may have been released meanwhile.
	if l.over.Load() {
		return errReleased
	}
	return err
}

// begin waits for the turn to use the connection.
func (l *lease) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Release implements [eventcore.Lease]. The lease is given up whatever the context says: if
// that is done, by cutting the connection, which the server may need a moment to notice.
// The error says so.
func (l *lease) Release(ctx context.Context) error {
	if l.over.Swap(true) {
		return nil
	}
	l.store.leases.remove(l)
	if err := l.end(ctx); err != nil {
		return &eventcore.StoreFailure{Operation: eventcore.OpReleaseLease, Err: err}
	}
	return nil
}

// end gives the lock back and closes the connection.
func (l *lease) end(ctx context.Context) error {
	if err := l.begin(ctx); err != nil {
		l.cut()
		return fmt.Errorf("the connection is cut, so the server ends the lease when it takes notice: %w", err)
	}
	defer func() { <-l.turn }()
	var err error
	if l.given {
		// Closing the connection would do, but not at once. Where this fails it has to.
		_, err = l.conn.Exec(ctx, unlock, l.key)
	}
	cancelled := err != nil && ctx.Err() != nil
	// There is nothing to be done about a connection that does not close well.
	_ = l.conn.Close(context.Background())
	if cancelled {
		return fmt.Errorf("the connection is closed, so the server ends the lease when it takes notice: %w", because(ctx, err))
	}
	return nil
}

// cut closes the connection without a word. It may be called while the connection is in use.
func (l *lease) cut() { _ = l.conn.PgConn().Conn().Close() }

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

// close refuses all further leases and gives up those that are held, by cutting their
// connections if the server does not answer in time.
func (s *leases) close() error {
	s.mu.Lock()
	held := s.held
	s.held, s.closed = nil, true
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), cancelLimit)
	defer cancel()
	var failed []error
	for _, l := range held {
		failed = append(failed, l.Release(ctx))
	}
	return errors.Join(failed...)
}
