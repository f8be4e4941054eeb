package pgstep

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"
)

// Recycle has the server's processes serve on. A session that the client ends, by closing its
// connection or by losing it, is then emptied on the server instead of ended: what its transaction
// did is rolled back, and DISCARD ALL gives back its locks, prepared statements, settings and
// temporary tables. That is what poolers do between clients, and takes a hundredth of the time that
// a new process takes. The process begins the session of a later connection which asks for the same
// one, and pgx is told what it was told at first, so it goes through all that it does to connect.
//
// No store can tell, unless it looks at pg_backend_pid() or pg_stat_activity: to those, the process
// of a session that has ended is still there, and comes again. So this is for stores that do not.
// Sessions that the server ends, by [Steps.Kill], by a fault, or by a crash, end as ever, and
// so do those that are encrypted, need a password, or are in the middle of anything.
//
// So many processes at most are kept for later, of all pools; 0: none. It is called before any pool
// connects.
func (s *Steps) Recycle(most int) { s.spare.most = most }

// spare are links to sessions that nobody has.
type spare struct {
	most int

	mu sync.Mutex
	// idle begins with what was there first.
	idle   []*link
	closed bool
}

// add keeps a link for later.
func (s *spare) add(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, l)
	for len(s.idle) > s.most || s.closed && len(s.idle) > 0 {
		_ = s.idle[0].Conn.Close() // nobody needs it
		s.idle = slices.Delete(s.idle, 0, 1)
	}
}

// take returns a link to a session of that kind that still lives, nil if there is none.
func (s *spare) take(kind string) *link {
	for {
		s.mu.Lock()
		i := slices.IndexFunc(s.idle, func(l *link) bool { return l.kind == kind })
		if i < 0 {
			s.mu.Unlock()
			return nil
		}
		l := s.idle[i]
		s.idle = slices.Delete(s.idle, i, i+1)
		s.mu.Unlock()
		// The server may have been started again since.
		if l.lives() {
			return l
		}
		_ = l.Conn.Close() // it is dead
	}
}

// processes returns those of the server that nobody has.
func (s *spare) processes() []int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	pids := make([]int32, 0, len(s.idle))
	for _, l := range s.idle {
		pids = append(pids, int32(l.pid)) //nolint:gosec // process IDs are positive
	}
	return pids
}

// close closes all of them.
func (s *spare) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, l := range s.idle {
		_ = l.Conn.Close() // nobody needs it
	}
	s.idle = nil
}

// dialled makes a connection, or takes one whose session is of that kind.
func (s *Steps) dialled(ctx context.Context, kind string, dial func(ctx context.Context) (net.Conn, error)) (net.Conn, error) {
	if s.spare.most == 0 {
		return dial(ctx)
	}
	if ctx.Err() == nil {
		if l := s.spare.take(kind); l != nil {
			return l, nil
		}
	}
	conn, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	return &link{Conn: conn, kind: kind}, nil
}

// mar keeps the session from being given to another client.
func (c *session) mar() {
	if l, ok := c.Conn.(*link); ok {
		l.mar()
	}
}

// giveBack empties the session on the server and keeps its process for another one. It says
// whether it could.
func (c *session) giveBack() bool {
	l, ok := c.Conn.(*link)
	if !ok {
		return false
	}
	next := l.emptied()
	if next == nil {
		return false
	}
	next.pid = c.process()
	c.steps.forget(c)
	c.steps.spare.add(next)
	return true
}

const (
	rollBack   = "ROLLBACK"
	discardAll = "DISCARD ALL"
	// nothing is answered by a server that lives.
	nothing = ""
)

// emptied empties the session, and returns a link that serves the next one. It returns nil where
// the server may be in the middle of anything, or does not do it.
func (l *link) emptied() *link {
	status, idle := l.letGo()
	if !idle {
		return nil
	}
	queries := []string{discardAll}
	if status != inNone {
		queries = []string{rollBack, discardAll}
	}
	if !l.ask(queries...) {
		_ = l.Conn.Close() // it is to be gone
		return nil
	}
	return &link{Conn: l.Conn, kind: l.kind, begun: l.begun, greeting: l.greeting, recycled: true}
}

// lives says whether the server still answers.
func (l *link) lives() bool { return l.ask(nothing) }

// ask has the server carry out statements, and says whether it has done all of them and is outside
// of a transaction. Nothing else may use the link.
func (l *link) ask(queries ...string) bool {
	if l.SetDeadline(time.Now().Add(endLimit)) != nil { //nolint:forbidigo // the server goes by real time
		return false
	}
	var request []byte
	for _, q := range queries {
		request = appendQuery(request, q)
	}
	if _, err := l.Conn.Write(request); err != nil {
		return false
	}
	refused, status := false, byte(0)
	var answers framing
	b := make([]byte, 1<<10)
	for left := len(queries); left > 0; {
		n, err := l.Conn.Read(b)
		answers.add(b[:n], func(kind, first byte) {
			switch kind {
			case 'E':
				refused = true
			case 'Z':
				left--
				status = first
			}
		})
		if err != nil {
			return false
		}
	}
	return !refused && status == inNone && l.SetDeadline(time.Time{}) == nil
}
