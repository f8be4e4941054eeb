package pgstep

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// session is a connection to the server.
type session struct {
	net.Conn
	steps *Steps

	mu sync.Mutex
	// pid is the server's process, 0 as long as it is not known.
	pid uint32
	// ctx is that of the statement that the connection carries out, or did last.
	ctx context.Context
	// busy: it carries that one out now. What is read at other times is read by goroutines of
	// the pool, which tries connections that were idle for a second.
	busy bool
	// reads counts the beginnings and the ends of what may wait for a lock.
	reads int
	// waitsFor has the processes for which a statement was found to wait, since then.
	waitsFor []uint32
	since    time.Time
	// inVain counts what tasks asked for after it was closed, and after the last step of that.
	inVain int
	// line is the state of the network.
	line line
}

// begin notes what the connection carries out from now on. It says whether it did so
// already: pgx prepares a statement in the middle of its execution.
func (c *session) begin(ctx context.Context) (was bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ctx = ctx
	was, c.busy = c.busy, true
	return was
}

// end notes that the connection has carried it out, unless it only was a part.
func (c *session) end(was bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = was
}

// run returns the run that the connection works for, nil for none.
func (c *session) run() any {
	c.mu.Lock()
	ctx := c.ctx
	c.mu.Unlock()
	if ctx == nil {
		return nil
	}
	if task, ok := yield.From(ctx).(yield.BlockingTask); ok {
		return task.Run()
	}
	return nil
}

// results reads what the server answers, for the task that asked. It stands above the
// connection and not in it: the connection is also read by goroutines of pgx's own, where
// a write takes long and where a connection is closed in the background.
type results struct {
	io.Reader
	session *session
}

// Read implements [io.Reader].
func (r *results) Read(b []byte) (n int, err error) {
	if r.session.guard(func() { n, err = r.read(b) }) {
		return 0, errReset
	}
	return n, err
}

func (r *results) read(b []byte) (int, error) {
	c := r.session
	c.awaitCopy()
	c.mu.Lock()
	ctx, busy, fault := c.ctx, c.busy, c.line.answer
	c.mu.Unlock()
	if fault != nil {
		r.spoil(ctx, fault)
	}
	if n, err, is := c.line.read(b, &c.mu); is {
		return n, err
	}
	if !busy {
		return r.Reader.Read(b)
	}
	return r.receive(ctx, b)
}

// receive reads what the server sends. It is where a statement waits for its lock.
func (r *results) receive(ctx context.Context, b []byte) (n int, err error) {
	r.session.outside(ctx, func() { n, err = r.Reader.Read(b) })
	return n, err
}

// outside does what may have to wait for a lock in the server.
func (c *session) outside(ctx context.Context, do func()) {
	c.countRead()
	back := yield.Outside(ctx, "sql: lock", c.blocked)
	do()
	c.countRead()
	back()
}

// Read implements [net.Conn]. A connection that is lost is also read in the background, by
// who closes it.
func (c *session) Read(b []byte) (int, error) {
	if c.isGone() {
		return 0, errReset
	}
	return c.Conn.Read(b)
}

// Close implements [net.Conn]. It returns once the server has ended a session that worked for
// a run, so that what it held is free. That of a connection which is half open is not heard of
// by the server.
func (c *session) Close() error {
	if c.isHalfOpen() {
		return nil
	}
	pid := c.process()
	ours := pid != 0 && c.run() != nil && c.steps.session(pid) == c
	if ours && c.giveBack() {
		return nil
	}
	err := c.Conn.Close()
	if ours {
		err = errors.Join(err, c.steps.ended(pid))
	}
	c.steps.forget(c)
	return err
}

// retire closes a connection that will not be used again, if it is not closed yet, and returns
// once its session has ended, unless it is half open.
func retire(conn *pgx.Conn) {
	c := sessionOf(conn.PgConn().Conn())
	if c == nil || c.run() == nil {
		return
	}
	if conn.IsClosed() {
		<-conn.PgConn().CleanupDone() // pgx does it in the background
		return
	}
	c.discard()
}

// countRead notes that a read begins or ends: the session waits for nobody.
func (c *session) countRead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads++
	c.waitsFor = nil
}

// read returns which read is under way.
func (c *session) read() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reads
}

// noteWait notes for whom the session waits in a read, and says whether it still does: the
// server is asked from another goroutine, and its answer may be older than the read's end.
func (c *session) noteWait(read int, pids []uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reads != read {
		return false
	}
	if len(pids) > 0 && len(c.waitsFor) == 0 {
		c.since = time.Now() //nolint:forbidigo // the server goes by real time
	}
	c.waitsFor = pids
	return len(pids) > 0
}

// waits returns for whom the session waits, and since when.
func (c *session) waits() ([]uint32, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waitsFor, c.since
}
