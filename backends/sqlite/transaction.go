package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const (
	// IMMEDIATE takes the write lock at once: a transaction that read first would be
	// refused when it comes to write after another one has.
	begin    = "BEGIN IMMEDIATE"
	commit   = "COMMIT"
	rollback = "ROLLBACK"
)

// transaction is one of a group of appends while it has the writer.
type transaction struct {
	store *Store
	on    *session
	// began: there may be something to roll back.
	began bool
}

// begin waits for the write lock.
func (t *transaction) begin(ctx context.Context) error {
	err := t.store.begin(ctx, t.on)
	t.began = err == nil
	return err
}

// begin waits for the write lock.
func (s *Store) begin(ctx context.Context, on *session) error {
	return s.whileBusy(ctx, func() error { return on.exec(ctx, begin) })
}

// run does appends one after the other and commits them. An append that finds a conflict has
// written nothing. With an error none of them has come to its result.
func (t *transaction) run(ctx context.Context, group []*pending) error {
	for _, p := range group {
		p.last, p.refused = t.append(ctx, p)
		if p.refused != nil && !errors.Is(p.refused, eventcore.ErrVersionConflict) {
			return notApplied(p.refused)
		}
	}
	if len(group) == 1 && group[0].refused != nil {
		return nil //nolint:nilerr // its refusal is its result; it is rolled back, which costs less
	}
	// The last moment at which it is certain that nothing happens.
	if err := ctx.Err(); err != nil {
		return notApplied(err)
	}
	return t.commit(ctx)
}

// append returns the position of the last event.
func (t *transaction) append(ctx context.Context, p *pending) (int64, error) {
	last, err := check(ctx, t.on, p.writes.Participants())
	if err != nil {
		return 0, err
	}
	return last + int64(len(p.writes.Events())), insert(ctx, t.on, p.writes, last, p.now)
}

// commit commits, or returns an error that says as much as is known.
func (t *transaction) commit(ctx context.Context) error {
	var last error
	waited := t.store.whileBusy(ctx, func() error {
		last = t.on.exec(ctx, commit)
		return last
	})
	if last == nil {
		t.began, t.store.doubted = false, false
		return nil
	}
	// A commit that found the database locked leaves the transaction as it was. Once
	// that is rolled back, and only then, it is certain that nothing was applied.
	if isBusy(last) && t.on.rollBack(ctx) == nil {
		t.began = false
		return notApplied(waited)
	}
	t.store.doubted = true
	return inDoubt(waited)
}

// end rolls back what was not committed and gives the session back. It also runs when
// a simulated task is taken down in the middle.
func (t *transaction) end(ctx context.Context) {
	if t.began {
		_ = t.on.rollBack(ctx) // what counts is whether it is stuck
	}
	// Without its connection a database in memory would be lost with all its events; whoever
	// gets the session next rolls back first.
	if t.on.stuck && !t.store.memory {
		t.store.writer.drop(t.on)
		return
	}
	t.store.writer.put(t.on)
}

// rollBack ends a transaction. With an error the session is stuck, unless there was nothing to
// roll back.
func (s *session) rollBack(ctx context.Context) error {
	s.stuck = true // also where a simulated task is taken down here
	err := s.exec(ctx, rollback)
	s.stuck = err != nil && !isIdle(err)
	return err
}

// undo rolls back after err, and returns it with what has kept the session from that.
func (s *session) undo(ctx context.Context, err error) error {
	if failed := s.rollBack(ctx); s.stuck {
		return errors.Join(err, failed)
	}
	return err
}

// clean rolls back what a session that is stuck has left.
func (s *session) clean(ctx context.Context) error {
	if !s.stuck {
		return nil
	}
	err := s.rollBack(ctx)
	switch {
	case !s.stuck:
		return nil
	case errors.Is(err, sql.ErrConnDone):
		return err
	}
	return fmt.Errorf("a transaction of the database in memory is not rolled back, and with another connection all events would be lost; try again: %w", err)
}
