package pgstep

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// copies begins the names of what sends rows.
const copies = "sql: COPY "

// copying is a COPY that is under way. pgx sends its rows and reads its answer in goroutines of
// its own, side by side, and which of the two notices first that a connection is lost is up to
// them. So all of it is kept until its end, which the task itself sends: there it is one request
// as any other, and its answer is read before pgx is given any of it. A goroutine that is not
// the task's cannot be parked either, where a row has to wait for a lock.
type copying struct {
	// sent is the statement and its rows.
	sent []byte
	// over: the end was sent.
	over bool
	// answered is closed once pgx may read what there is of the answer.
	answered chan struct{}
}

// beginCopy notes that the next request is a COPY of a task.
func (c *session) beginCopy(ctx context.Context) {
	if task, ok := yield.From(ctx).(yield.BlockingTask); !ok || task.Stopping() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line.copying = &copying{answered: make(chan struct{})}
}

// noCopy notes that none is under way.
func (c *session) noCopy() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line.copying = nil
}

// keep keeps what is sent of a COPY, and says whether it ends with that. It returns nil where
// it is no part of one.
func (c *session) keep(b []byte) (k *copying, ends bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k = c.line.copying
	if k == nil || k.over {
		return nil, false
	}
	if k.sent == nil {
		// pgx asks for the columns before it begins.
		_, executes := requested(b)
		refused := c.line.broken != nil || c.line.request != nil && c.line.request.Kind == chaos.NetCutBefore
		if !executes || refused {
			return nil, false
		}
	}
	k.sent = append(k.sent, b...)
	k.over = endsCopy(b)
	return k, k.over
}

// awaitCopy returns once the answer may be read of a COPY that is under way.
func (c *session) awaitCopy() {
	c.mu.Lock()
	k := c.line.copying
	begun := k != nil && k.sent != nil
	c.mu.Unlock()
	if begun {
		<-k.answered
	}
}

// sendCopy sends a whole COPY, which has the network do to it what it is to suffer. It is called
// by the task.
func (q *requests) sendCopy(k *copying) {
	c := q.session
	c.mu.Lock()
	ctx, fault, deaf := c.ctx, c.line.request, c.line.deaf
	c.line.request = nil
	c.mu.Unlock()
	settled := false
	defer func() {
		if !settled {
			c.lose() // the task is taken down in the middle
		}
		close(k.answered)
	}()
	task, _ := yield.From(ctx).(networked)
	switch {
	case fault == nil:
		a := q.exchange(ctx, k.sent, deaf)
		c.mu.Lock()
		c.line.rest = a.bytes
		c.mu.Unlock()
	case fault.Kind == chaos.NetCutRequest:
		c.cut(task, nil)
	case fault.Kind == chaos.NetHalfOpen:
		c.openHalf(task, fault)
		c.timeOut(ctx, task, fault)
	default:
		a := q.exchange(ctx, k.sent, deaf)
		c.cut(task, a.left(fault))
	}
	settled = true
}

// exchange sends a COPY, unless the server has ended the session, and returns the answer.
// Either may have to wait for a lock.
func (q *requests) exchange(ctx context.Context, sent []byte, deaf bool) (a answer) {
	q.session.outside(ctx, func() {
		if !deaf {
			_, _ = q.Writer.Write(sent) // reading says why it fails
		}
		a = answerOf(q.results.Reader.Read, func(a *answer) bool { return a.ready > 0 })
	})
	return a
}

// lose has the connection be lost to the client.
func (c *session) lose() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.line.broken == nil {
		c.line.broken = errReset
	}
}

// TraceCopyFromStart implements [pgx.CopyFromTracer].
func (s *Steps) TraceCopyFromStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	ctx = s.statement(ctx, conn, copies+strings.Join(data.TableName, "."), true)
	if c := sessionOf(conn.PgConn().Conn()); c != nil {
		c.beginCopy(ctx)
	}
	return ctx
}

// TraceCopyFromEnd implements [pgx.CopyFromTracer].
func (*Steps) TraceCopyFromEnd(ctx context.Context, conn *pgx.Conn, _ pgx.TraceCopyFromEndData) {
	if c := sessionOf(conn.PgConn().Conn()); c != nil {
		c.noCopy()
	}
	ended(ctx)
}
