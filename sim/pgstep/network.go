package pgstep

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// networked is a task whose requests may suffer faults of the network. Those of package
// sim are.
type networked interface {
	yield.BlockingTask
	// Request counts a request and returns the fault that it is to suffer.
	Request() *chaos.RequestFault
	// Connect returns the fault that a connection is to suffer which the next request needs.
	Connect() *chaos.RequestFault
	// Sleep parks the task for a virtual time, or until the deadline of ctx by it.
	Sleep(ctx context.Context, d time.Duration)
	// After has something happen once a virtual time has passed.
	After(d time.Duration, name string, do func())
	// Lost notes that a session is lost, ended that the server has ended it.
	Lost() (ended func())
}

// line is the network between the store and a session. The session's mutex guards it.
type line struct {
	// request is the fault that the next request is to suffer, answer that of the answer to
	// the one that was sent.
	request, answer *chaos.RequestFault
	// halfOpen: nothing arrives any more, and the server has not noticed yet.
	halfOpen bool
	// deaf: the server has ended the session, which a client on another machine does not
	// know before it reads.
	deaf bool
	// rest is what still arrives of an answer; broken is what reads then fail with.
	rest   []byte
	broken error
	// answers is how many requests are under way.
	answers int
	// copying is the COPY that is under way, nil for none.
	copying *copying
}

// read returns what is left of a line that is broken, if it is.
func (l *line) read(b []byte, mu *sync.Mutex) (n int, err error, is bool) {
	mu.Lock()
	defer mu.Unlock()
	switch {
	case len(l.rest) > 0:
		n = copy(b, l.rest)
		l.rest = l.rest[n:]
		return n, nil, true
	case l.broken != nil:
		return 0, l.broken, true
	default:
		return 0, nil, false
	}
}

// Errors as the network gives them.
var (
	errReset    = &net.OpError{Op: "read", Net: "simulated", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	errPipe     = &net.OpError{Op: "write", Net: "simulated", Err: os.NewSyscallError("write", syscall.EPIPE)}
	errTimedOut = &net.OpError{Op: "read", Net: "simulated", Err: os.NewSyscallError("read", syscall.ETIMEDOUT)}
	errNoRoute  = &net.OpError{Op: "dial", Net: "simulated", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}
)

// isHalfOpen says whether the connection is half open and the server has not noticed.
func (c *session) isHalfOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.line.halfOpen
}

// isGone says whether nothing that the client does about the session reaches the server.
func (c *session) isGone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.line.broken != nil || c.line.halfOpen
}

// drawn returns the fault that the request which comes next is to suffer, nil for none. A
// delay is over when it returns.
func (c *session) drawn(ctx context.Context) *chaos.RequestFault {
	task, ok := yield.From(ctx).(networked)
	if !ok || c.isGone() {
		return nil
	}
	fault := task.Request()
	if fault == nil || fault.Kind != chaos.NetDelay {
		return fault
	}
	if fault.Fire(ctx) {
		task.Sleep(ctx, fault.Delay)
	}
	return nil
}

// meet has the network do to the request that is sent now what it is to suffer.
func (c *session) meet(ctx context.Context, fault *chaos.RequestFault) {
	if fault == nil || !fault.Fire(ctx) {
		return
	}
	if fault.Kind == chaos.EndSession {
		task, _ := yield.From(ctx).(networked) // it has asked for the fault
		c.endSession(ctx, task)
		return
	}
	c.mu.Lock()
	c.line.request = fault
	c.mu.Unlock()
}

// requests is what the store sends. It stands above encryption.
type requests struct {
	io.Writer
	session *session
	// results has the answers to them.
	results *results
}

// Write implements [io.Writer].
func (q *requests) Write(b []byte) (n int, err error) {
	if q.session.guard(func() { n, err = q.write(b) }) {
		return 0, errPipe
	}
	return n, err
}

func (q *requests) write(b []byte) (int, error) {
	if copying, ends := q.session.keep(b); copying != nil {
		if ends {
			q.sendCopy(copying)
		}
		return len(b), nil
	}
	return q.send(b)
}

// send sends a request, or what comes before one.
func (q *requests) send(b []byte) (int, error) {
	c := q.session
	c.mu.Lock()
	broken, swallowed, fault, ctx := c.line.broken, c.line.halfOpen || c.line.deaf, c.line.request, c.ctx
	answers, executes := requested(b)
	if executes {
		c.line.request, c.line.answers = nil, answers
	}
	c.mu.Unlock()
	switch {
	case broken != nil:
		return 0, errPipe
	case swallowed:
		return len(b), nil
	case fault == nil || !executes:
		return q.Writer.Write(b)
	}
	task, _ := yield.From(ctx).(networked) // it has asked for the fault
	switch fault.Kind {
	case chaos.NetCutBefore:
		c.cut(task, nil)
		return 0, errPipe
	case chaos.NetCutRequest:
		c.cut(task, nil)
		return len(b), nil
	case chaos.NetHalfOpen:
		c.openHalf(task, fault)
		return len(b), nil
	default:
		n, err := q.Writer.Write(b)
		if err == nil {
			c.mu.Lock()
			c.line.answer = fault
			c.mu.Unlock()
		}
		return n, err
	}
}

// spoil has the answer to a request suffer its fault.
func (r *results) spoil(ctx context.Context, fault *chaos.RequestFault) {
	c := r.session
	task, _ := yield.From(ctx).(networked) // it has asked for the fault
	c.mu.Lock()
	c.line.answer = nil
	answers := c.line.answers
	c.mu.Unlock()
	if fault.Kind == chaos.NetHalfOpen {
		c.timeOut(ctx, task, fault)
		return
	}
	// The server has done all that was asked for once it is ready for more.
	read := func(b []byte) (int, error) { return r.receive(ctx, b) }
	a := answerOf(read, func(a *answer) bool { return a.ready+a.asked >= answers })
	c.cut(task, a.left(fault))
}

// timeOut tells a client whose connection is half open once its time has passed.
func (c *session) timeOut(ctx context.Context, task networked, fault *chaos.RequestFault) {
	task.Sleep(ctx, fault.Delay)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line.broken = errTimedOut
}

// cut cuts the connection, of whose answer the rest has arrived. It returns once the
// server has ended the session.
func (c *session) cut(task networked, rest []byte) {
	c.mu.Lock()
	c.line.broken, c.line.rest = errReset, rest
	c.mu.Unlock()
	ended := task.Lost()
	c.hangUp()
	ended()
}

// openHalf has the network swallow all that is sent from now on.
func (c *session) openHalf(task networked, fault *chaos.RequestFault) {
	c.mu.Lock()
	c.line.halfOpen, c.line.answer = true, fault
	c.mu.Unlock()
	ended := task.Lost()
	task.After(fault.ServerDelay(), "the server ends a session that is half open", func() {
		c.hangUp()
		c.mu.Lock()
		c.line.halfOpen = false
		if c.line.broken == nil {
			// Its client is still to be told.
			c.line.deaf = true
		}
		c.mu.Unlock()
		ended()
	})
}

// hangUp closes the connection and returns once the server has ended the session.
func (c *session) hangUp() {
	if c.giveBack() {
		return
	}
	_ = c.Conn.Close() // it is to be gone, whatever this says
	c.steps.awaitEnd(c.process())
	c.steps.forget(c)
}

// endSession has the server end the session, which it says on the connection.
func (c *session) endSession(ctx context.Context, task networked) {
	ended := task.Lost()
	pid := c.process()
	_ = c.steps.ask(ctx, "SELECT pg_terminate_backend($1)", int32(pid), new(bool)) // else it has ended already
	c.steps.awaitEnd(pid)
	c.steps.forget(c)
	c.mu.Lock()
	c.line.deaf = true
	c.mu.Unlock()
	ended()
}

// process returns the server's process.
func (c *session) process() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pid
}

// How long the server may take to end a session whose connection is closed.
const (
	endEvery = 200 * time.Microsecond
	endLimit = 20 * time.Second
)

// awaitEnd returns once the server has ended a session: what it held is free then. It
// panics if that does not come, since all that follows would depend on when it does.
func (s *Steps) awaitEnd(pid uint32) {
	if err := s.ended(pid); err != nil {
		panic(err.Error())
	}
}

// ended waits until the server has ended a session.
func (s *Steps) ended(pid uint32) error {
	const lives = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)"
	var err error
	for waited := time.Duration(0); waited < endLimit && !s.closed.Load(); waited += endEvery {
		there := true
		if err = s.ask(context.Background(), lives, int32(pid), &there); err == nil && !there { //nolint:gosec // process IDs are positive
			return nil
		}
		time.Sleep(endEvery) //nolint:forbidigo // the server goes by real time
	}
	return fmt.Errorf("pgstep: the server has not ended session %d in %v (%w)", pid, endLimit, err)
}

// ask asks the server one thing about a process.
func (s *Steps) ask(ctx context.Context, query string, pid int32, into any) error {
	err := s.control.QueryRow(ctx, query, pid).Scan(into)
	if err == nil {
		return nil
	}
	// The server may have been started again: no connection is what it was.
	s.control.Reset()
	return s.control.QueryRow(ctx, query, pid).Scan(into)
}
