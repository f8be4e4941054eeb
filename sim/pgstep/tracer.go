package pgstep

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// TraceConnectStart implements [pgx.ConnectTracer]. It has each connection that is dialled
// made a session: those to the hosts that are tried, and those that cancel a statement later.
func (s *Steps) TraceConnectStart(ctx context.Context, data pgx.TraceConnectStartData) context.Context {
	cfg := data.ConnConfig
	if _, pooled := ctx.Value(pooledKey{}).(*chaos.RequestFault); !pooled {
		noMore(ctx)
	}
	if fault := refusalOf(ctx); fault != nil {
		refuse(cfg, fault)
		return ctx
	}
	dial, build := cfg.DialFunc, cfg.BuildFrontend
	// The connection is what was dialled last before the frontend was built.
	var connection atomic.Pointer[session]
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		direct := func(ctx context.Context) (net.Conn, error) { return dial(ctx, network, addr) }
		made := func(ctx context.Context) (net.Conn, error) { return s.dialled(ctx, kindOf(cfg, network, addr), direct) }
		if c := connection.Load(); c != nil {
			if c.isGone() {
				return nil, errNoRoute // to cancel a statement of a session that is lost
			}
			c.mar() // it may come late, and is not to hit whoever is next
			made = direct
		}
		conn, err := made(ctx)
		if err != nil {
			return nil, err
		}
		return &session{Conn: conn, steps: s}, nil
	}
	cfg.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		if c := sessionOf(w); c != nil {
			connection.Store(c)
			answers := &results{r, c}
			r, w = answers, &requests{w, c, answers}
		}
		return build(r, w)
	}
	if s.deadlocks {
		cfg.RuntimeParams["deadlock_timeout"] = strconv.FormatInt(deadlockTimeout.Milliseconds(), 10)
	}
	return ctx
}

// kindOf says which sessions are alike. Two that are not are never taken for each other: link
// compares what it is asked for.
func kindOf(cfg *pgx.ConnConfig, network, addr string) string {
	return fmt.Sprintf("%s %s %q %q %s %s", network, addr, cfg.User, cfg.Database, cfg.MaxProtocolVersion, settings(cfg.RuntimeParams))
}

// sessionOf returns the session that a connection goes over, nil if it goes over none.
func sessionOf(conn any) *session {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	c, _ := conn.(*session)
	return c
}

// TraceConnectEnd implements [pgx.ConnectTracer].
func (s *Steps) TraceConnectEnd(_ context.Context, data pgx.TraceConnectEndData) {
	if data.Err != nil {
		return
	}
	c := sessionOf(data.Conn.PgConn().Conn())
	if c == nil {
		return
	}
	pid := data.Conn.PgConn().PID()
	c.mu.Lock()
	c.pid = pid
	c.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[pid] = c
}

// statement parks the task before a statement goes out. name says what comes, "" for
// what is no step of its own. The result goes to the tracer of its end.
func (s *Steps) statement(ctx context.Context, conn *pgx.Conn, name string, waits bool) context.Context {
	c := sessionOf(conn.PgConn().Conn())
	if c == nil || c.process() == 0 {
		return ctx
	}
	if conn.IsClosed() {
		c.usedInVain(ctx, name)
		return ctx
	}
	if name != "" {
		c.noCopy()
	}
	was := c.begin(ctx)
	ended := context.WithValue(ctx, endKey{}, func() {
		if conn.IsClosed() {
			retire(conn) // the caller goes on while pgx closes it
		}
		c.end(was)
	})
	task, ok := yield.From(ctx).(yield.BlockingTask)
	if !ok {
		return ended
	}
	switch {
	case name == "":
	case !task.Stopping():
		c.guard(func() { s.step(ctx, c, task, name, waits) })
	case waits:
		c.discard() // else it might wait for a lock of a task that is still to be taken down
	}
	return ended
}

// step parks the task before a statement that goes over the session.
func (s *Steps) step(ctx context.Context, c *session, task yield.BlockingTask, name string, waits bool) {
	fault := c.drawn(ctx)
	if waits {
		task.Wait(name, func() bool { return s.mayGo(c, task.Run()) })
		s.letCheck(c)
	} else {
		task.Yield(name)
	}
	if ctx.Err() == nil { // else pgx sends nothing, and the fault would hit whoever is next
		c.meet(ctx, fault)
	}
}

// endKey is the key of what is to be done at the end of a statement.
type endKey struct{}

// ended is the end of a statement.
func ended(ctx context.Context) {
	if end, ok := ctx.Value(endKey{}).(func()); ok {
		end()
	}
}

// TraceQueryStart implements [pgx.QueryTracer].
func (s *Steps) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return s.statement(ctx, conn, "sql: "+short(data.SQL), mayWait(data.SQL))
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (*Steps) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	ended(ctx)
}

// TraceBatchStart implements [pgx.BatchTracer].
func (s *Steps) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	name := "sql: empty batch"
	if n := data.Batch.Len(); n > 0 {
		name = fmt.Sprintf("sql: %d pipelined: %s", n, short(data.Batch.QueuedQueries[0].SQL))
	}
	return s.statement(ctx, conn, name, true)
}

// TraceBatchQuery implements [pgx.BatchTracer].
func (*Steps) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements [pgx.BatchTracer].
func (*Steps) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchEndData) {
	ended(ctx)
}

// TracePrepareStart implements [pgx.PrepareTracer]. Preparing is no step: whether it is
// needed depends on what the connection was used for before, perhaps by another run.
func (s *Steps) TracePrepareStart(ctx context.Context, conn *pgx.Conn, _ pgx.TracePrepareStartData) context.Context {
	return s.statement(context.WithValue(ctx, wholeKey{}, ctx), conn, "", true)
}

// TracePrepareEnd implements [pgx.PrepareTracer]. Where it fails, so does what it is a part of,
// and pgx does not say so of a COPY.
func (*Steps) TracePrepareEnd(ctx context.Context, _ *pgx.Conn, data pgx.TracePrepareEndData) {
	ended(ctx)
	if whole, ok := ctx.Value(wholeKey{}).(context.Context); ok && data.Err != nil {
		ended(whole)
	}
}

// wholeKey is the key of the context of what preparing is a part of.
type wholeKey struct{}

// longestName is the number of characters that traces show of a statement.
const longestName = 60

// short returns the beginning of a statement on one line.
func short(sql string) string {
	name := strings.Join(strings.Fields(sql), " ")
	if runes := []rune(name); len(runes) > longestName {
		return string(runes[:longestName-1]) + "…"
	}
	return name
}

// mayWait says whether a statement might wait for another transaction: all but the
// beginning and the end of one, and queries that lock nothing.
func mayWait(sql string) bool {
	text := strings.ToLower(short(sql))
	switch word, _, _ := strings.Cut(text, " "); strings.TrimRight(word, ";") {
	case "begin", "commit", "rollback":
		return false
	case "select":
		whole := strings.ToLower(sql)
		return strings.Contains(whole, " for ") || strings.Contains(whole, "lock")
	default:
		return true
	}
}
