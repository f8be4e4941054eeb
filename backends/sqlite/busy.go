package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// The delays between two tries to get a lock. SQLite's own busy handler sleeps up to
// 100 ms at a time and heeds neither a context nor a simulated clock; appends take
// well under a millisecond, so short naps lose less of the time the lock is free.
const (
	firstNap   = 50 * time.Microsecond
	longestNap = time.Millisecond
)

// errLogInUse is why the log cannot be begun anew.
var errLogInUse = errors.New("the write-ahead log is in use by others that have the database open")

// errBusy is what errors.Is finds when a lock was not free for the whole BusyTimeout.
var errBusy = errors.New("the database is locked")

// whileBusy calls try again and again as long as it fails because another connection
// has a lock, at most for BusyTimeout and until the context is done.
func (s *Store) whileBusy(ctx context.Context, try func() error) error {
	nap, waited := firstNap, time.Duration(0)
	for {
		err := try()
		if !isBusy(err) {
			return err
		}
		if waited >= s.cfg.BusyTimeout {
			return fmt.Errorf("%w by another process or handle for more than %v; retry, or set a longer BusyTimeout: %w",
				errBusy, s.cfg.BusyTimeout, err)
		}
		// A clock that stands still must not make this loop endless: what counts is
		// the time that was asked for.
		if slept := s.cfg.Clock.Sleep(ctx, nap); slept != nil {
			return fmt.Errorf("%w while waiting: %w: %w", errBusy, slept, err)
		}
		waited += nap
		nap = min(2*nap, longestNap)
	}
}

// isIdle says of the error of a rollback that there was nothing to roll back: it can fail in
// no other way with that code.
func isIdle(err error) bool {
	failed, ok := errors.AsType[*driver.Error](err)
	return ok && failed.Code() == lib.SQLITE_ERROR
}

// isBusy says whether a statement failed for want of a lock, and nothing else.
func isBusy(err error) bool {
	failed, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return errors.Is(err, errLogInUse)
	}
	const primary = 0xff
	code := failed.Code() & primary
	return code == lib.SQLITE_BUSY || code == lib.SQLITE_LOCKED
}
