package sqlstep

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// ending is a transaction, or rows, with a context that may end. database/sql then ends
// it on a goroutine of its own, for which whatever comes next must wait.
type ending struct {
	ctx    context.Context
	conn   *conn
	shared *shared
	leave  func()
	done   chan struct{}
	// returns is how often conn must have been given back before all is over.
	returns uint64
}

// settleLimit is how long the goroutines of database/sql are waited for. They need
// microseconds, unless nobody has told database/sql of the transaction or the rows.
const settleLimit = time.Second

// ends notes what ends with ctx. The caller calls over when it is over.
func (c *conn) ends(ctx context.Context, task yield.Task) (over func()) {
	if ctx.Done() == nil || task == nil {
		return func() {}
	}
	s, leave := runs.use(runOf(task))
	e := &ending{ctx: ctx, conn: c, shared: s, leave: leave, done: make(chan struct{}), returns: c.returns.Load()}
	// Else the transaction that it is a part of, or the sql.Conn, keeps the connection.
	if c.tx == nil && !c.pinned {
		e.returns++
	}
	s.add(e)
	c.of.note(e)
	return sync.OnceFunc(func() {
		close(e.done)
		// Else the connection is about to be given back by a goroutine that is not the
		// task's: see await.
		if ctx.Err() == nil {
			e.forget()
		}
	})
}

// await waits until it is over, the connection was given back, and the pool knows.
func (e *ending) await() {
	limit := time.NewTimer(settleLimit) //nolint:forbidigo // the goroutines of database/sql go by real time
	defer limit.Stop()
	select {
	case <-e.done:
	case <-limit.C:
		return
	}
	// That the pool agrees says nothing before the connection was given back.
	for e.conn.returns.Load() < e.returns || !e.conn.of.pool.agrees() {
		select {
		case <-limit.C:
			return
		default:
			runtime.Gosched()
		}
	}
}

// forget ends the waiting for it.
func (e *ending) forget() {
	if e.shared.remove(e) {
		e.conn.of.forget(e)
		e.leave()
	}
}
