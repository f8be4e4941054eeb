package sqlstep

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// pool keeps tasks from waiting for connections inside of database/sql, where they would
// block and where chance decides who is next.
type pool struct {
	// db is nil where it is not known.
	db *sql.DB
	// open is the number of connections that are open or being opened, taken how many of
	// them are not idle.
	open, taken atomic.Int64

	mu sync.Mutex
	// limit is how many there may be, 0: any number.
	limit int64
	// lifted: the limits in db were lifted before.
	lifted bool
}

// errTakenDown is what a task gets that is taken down, as in a crash or at the end of a run.
var errTakenDown = errors.New("sqlstep: the task is taken down")

// lift takes over the limits that the pool has.
func (p *pool) lift() {
	if p.db == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if limit := p.db.Stats().MaxOpenConnections; limit > 0 {
		p.limit = int64(limit)
		p.db.SetMaxOpenConns(0)
	}
	if !p.lifted {
		p.lifted = true
		// They go by real time.
		p.db.SetConnMaxLifetime(0)
		p.db.SetConnMaxIdleTime(0)
	}
}

// mayOpen says whether the limit allows one more connection.
func (p *pool) mayOpen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limit == 0 || p.open.Load() < p.limit
}

// hasIdle says whether a connection is idle.
func (p *pool) hasIdle() bool { return p.db != nil && p.db.Stats().Idle > 0 }

// agrees says whether database/sql takes as many connections for idle as have been given
// back.
func (p *pool) agrees() bool {
	return p.db == nil || int64(p.db.Stats().InUse) == p.taken.Load()
}

// enter waits until a connection may be opened. Where one has become idle instead, the
// error is driver.ErrBadConn, whereupon database/sql looks among the idle ones.
func (p *pool) enter(ctx context.Context, task yield.Task) error {
	p.lift()
	// database/sql has found none that is idle; that may have been too early.
	if runs.settle(runOf(task)) && p.hasIdle() {
		return driver.ErrBadConn
	}
	if p.mayOpen() {
		return nil
	}
	wait(task, prefix+"every connection is taken", func() bool {
		runs.settle(runOf(task))
		return p.mayOpen() || p.hasIdle() || ctx.Err() != nil
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case p.mayOpen():
		return nil
	case p.hasIdle():
		return driver.ErrBadConn
	default:
		return errTakenDown
	}
}
