package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const (
	databaseFile = "SELECT file FROM pragma_database_list WHERE name = ?"
	nextToken    = `INSERT INTO eventcore_leases (subscription, token, held) VALUES (?, 1, ?)
ON CONFLICT (subscription) DO UPDATE SET token = token + 1, held = excluded.held WHERE held = 0 RETURNING token`
	isHeld  = "SELECT EXISTS (SELECT 1 FROM eventcore_leases WHERE subscription = ? AND token = ? AND held = 1)"
	letGoOf = "UPDATE eventcore_leases SET held = 0 WHERE subscription = ? AND token = ?"
)

// errReleased is what the check of a lease says that was given up.
var errReleased = fmt.Errorf("%w: it was released, or its store was closed", eventcore.ErrLeaseLost)

// TryAcquire implements [eventcore.Coordinator].
//
// The lease is a lock of the operating system on a file beside the database, whose name
// is that of the database with "-lease-" and a hash of the subscription behind it. The
// system gives the lock back however the process ends. The files are empty and stay:
// deleting one that is not needed any more could take it from somebody who has just
// opened it. Who deletes one that is held makes its holder lose the lease. It is a file
// of its own because SQLite's locks on the database are lost when any handle on that is
// closed. The locks are those of the disk of one machine, as all of this store.
//
// The token is counted in the database once the lock is held. With [SynchronousNormal]
// a crash of the operating system may take back the last tokens with the last appends,
// so that they are given again.
//
// A database in memory has its leases in itself. They end with it, so one that is copied
// into a file or out of it should have none.
func (s *Store) TryAcquire(ctx context.Context, subscription eventcore.SubscriptionID) (eventcore.Lease, error) {
	made := &lease{store: s, subscription: subscription}
	err := refuses(ctx, subscription)
	if err == nil && !s.memory {
		err = made.lockFile(ctx)
	}
	if err == nil {
		err = s.change(ctx, eventcore.OpAcquire, func(on *session) error { return made.enter(ctx, on) })
	}
	if err == nil {
		return made, nil
	}
	// Nobody has seen it: it ends without an error.
	s.leases.remove(made)
	if made.lock != nil {
		_ = made.lock.release()
	}
	if failure, ok := errors.AsType[*eventcore.StoreFailure](err); ok && failure.Operation == eventcore.OpAcquire {
		return nil, err
	}
	return nil, &eventcore.StoreFailure{Operation: eventcore.OpAcquire, Outcome: eventcore.OutcomeNotApplied, Err: err}
}

// lease is a leadership.
type lease struct {
	store        *Store
	subscription eventcore.SubscriptionID
	token        uint64
	// lock is nil in a database in memory.
	lock leaseLock
	// over: it was released or lost.
	over atomic.Bool
}

// leaseLock is the lock of a lease.
type leaseLock interface {
	// check returns an error in which errors.Is finds [eventcore.ErrLeaseLost] if it is not
	// what others would lock.
	check() error
	// release may be called more than once; it returns the same each time.
	release() error
}

// lockFile locks the file of the subscription.
func (l *lease) lockFile(ctx context.Context) error {
	var database string
	err := l.store.look(ctx, eventcore.OpAcquire, func(on *session) (err error) {
		database, err = on.text(ctx, databaseFile, "main")
		return err
	})
	if err != nil {
		return err
	}
	l.lock, err = lockOf(l.store.cfg.Files, database, l.subscription)
	return err
}

// enter counts the token and adds the lease to those of the store, while it has the
// session: a store that is being closed waits for that.
func (l *lease) enter(ctx context.Context, on *session) error {
	held := int64(0)
	if l.lock == nil {
		held = 1
	}
	token, err := on.number(ctx, nextToken, l.subscription.String(), held)
	if err != nil {
		return err
	}
	if token == 0 {
		return eventcore.ErrLeaseHeld
	}
	l.token = uint64(token)
	return l.store.leases.add(l)
}

// Token implements [eventcore.Lease].
func (l *lease) Token() uint64 { return l.token }

// Check implements [eventcore.Lease]. It looks whether the file that is locked is the one
// that others would lock.
func (l *lease) Check(ctx context.Context) error {
	if err := l.check(ctx); err != nil {
		return &eventcore.StoreFailure{Operation: eventcore.OpCheckLease, Err: err}
	}
	return nil
}

func (l *lease) check(ctx context.Context) error {
	if l.over.Load() {
		return errReleased
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := l.stillHeld(ctx)
	// It may have been released meanwhile.
	if l.over.Load() {
		return errReleased
	}
	if errors.Is(err, eventcore.ErrLeaseLost) {
		// There is nothing to be done about a file that does not close well.
		_ = l.Release(ctx)
	}
	return err
}

func (l *lease) stillHeld(ctx context.Context) error {
	if l.lock != nil {
		return l.lock.check()
	}
	var held int64
	err := l.store.look(ctx, eventcore.OpCheckLease, func(on *session) (err error) {
		held, err = on.number(ctx, isHeld, l.args()...)
		return err
	})
	if failure, ok := errors.AsType[*eventcore.StoreFailure](err); ok {
		return failure.Err
	}
	if err == nil && held == 0 {
		return fmt.Errorf("%w: it is not in the database any more", eventcore.ErrLeaseLost)
	}
	return err
}

func (l *lease) args() []sqldriver.Value {
	return []sqldriver.Value{l.subscription.String(), int64(l.token)}
}

// Release implements [eventcore.Lease]. The lease is given up whatever the context says,
// so that a holder that was told to stop does not keep it. If there is an error, releasing
// it again may help.
func (l *lease) Release(ctx context.Context) error {
	if l.over.Swap(true) {
		return nil
	}
	if err := l.giveUp(ctx); err != nil {
		l.over.Store(false)
		return &eventcore.StoreFailure{Operation: eventcore.OpReleaseLease, Err: err}
	}
	l.store.leases.remove(l)
	return nil
}

func (l *lease) giveUp(ctx context.Context) error {
	if l.lock != nil {
		return l.lock.release()
	}
	ctx = context.WithoutCancel(ctx)
	return l.store.change(ctx, eventcore.OpReleaseLease, func(on *session) error { return on.exec(ctx, letGoOf, l.args()...) })
}
