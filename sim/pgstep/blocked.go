package pgstep

import (
	"context"
	"slices"
	"time"
)

const blockingPIDs = "SELECT pg_blocking_pids($1)"

// blocked says whether the session waits for a lock that another one of its run holds or
// is before it in the queue for, and will go on waiting until that one does something.
func (c *session) blocked() bool {
	run, read := c.run(), c.read()
	if run == nil {
		return false
	}
	// As it is before the server is asked: where it breaks a circle, those that waited for the
	// session go on, and may be back before the session is. The answer is then from before, and
	// their waits are not there any more.
	waiting := c.steps.waiting()
	pids, err := c.steps.blockers(c)
	if err != nil {
		return false // the statement will fail as well, or end
	}
	pids = slices.DeleteFunc(pids, func(pid uint32) bool {
		other := c.steps.session(pid)
		// What holds a lock outside of the run, such as a vacuum, gives it back by itself.
		return other == nil || other.run() != run
	})
	// The server itself breaks a circle.
	return c.noteWait(read, pids) && !waiting.leads(pids, c.process())
}

// blockers asks the server for whom a session waits.
func (s *Steps) blockers(c *session) (pids []uint32, err error) {
	var found []int32
	if err := s.ask(context.Background(), blockingPIDs, int32(c.process()), &found); err != nil { //nolint:gosec // see below
		return nil, err
	}
	for _, pid := range found {
		pids = append(pids, uint32(pid)) //nolint:gosec // process IDs are positive; 0 is a prepared transaction
	}
	return pids, nil
}

// mayGo says whether a session of a run may send a statement that might wait. While
// another one waits, only those for which it waits may: which one of several that wait
// for the same row gets it is not for the server to say, since all of them are woken and
// race for it.
func (s *Steps) mayGo(c *session, run any) bool {
	waiting, pid := s.waiting(), c.process()
	for other, pids := range waiting {
		if of := s.session(other); of != nil && of.run() == run && !waiting.leads(pids, pid) {
			return false
		}
	}
	return true
}

// waiting has for whom each session waits that does, by the server's process IDs.
type waiting map[uint32][]uint32

// waiting returns who waits now.
func (s *Steps) waiting() waiting {
	w := make(waiting)
	for _, c := range s.all() {
		if pids, _ := c.waits(); len(pids) > 0 {
			w[c.process()] = pids
		}
	}
	return w
}

// leads says whether to is one of from, or one for whom they wait, perhaps by way of others.
func (w waiting) leads(from []uint32, to uint32) bool {
	seen := map[uint32]bool{}
	for next := slices.Clone(from); len(next) > 0; next = next[1:] {
		if next[0] == to {
			return true
		}
		if !seen[next[0]] {
			seen[next[0]] = true
			next = append(next, w[next[0]]...)
		}
	}
	return false
}

// letCheck waits until the sessions that wait for c have looked for a deadlock, before c
// sends a statement that may wait for one of them: so it is c that finds the circle.
func (s *Steps) letCheck(c *session) {
	if !s.deadlocks {
		return
	}
	pid := c.process()
	for _, other := range s.all() {
		if pids, since := other.waits(); slices.Contains(pids, pid) {
			time.Sleep(deadlockPassed - time.Since(since)) //nolint:forbidigo // the server goes by real time
			s.awaitSleep(other.process())
		}
	}
}

// stateOf asks for the state of a process of the server, where that runs on Linux.
const stateOf = `SELECT substring(pg_read_file('/proc/' || $1::int || '/stat') FROM '\) (.)')`

// awaitSleep waits until a process that waits for a lock sleeps. Where the machine is busy, its
// timer has run out and it has yet to be given the time to look for a deadlock. Where its state
// cannot be known, as on other systems, it is taken to have looked.
func (s *Steps) awaitSleep(pid uint32) {
	const asleep, longest = "S", time.Second
	for waited := time.Duration(0); waited < longest; waited += deadlockTimeout {
		state := asleep
		err := s.control.QueryRow(context.Background(), stateOf, int32(pid)).Scan(&state) //nolint:gosec // process IDs are positive
		if err != nil || state == asleep {
			return
		}
		time.Sleep(deadlockTimeout) //nolint:forbidigo // the server goes by real time
	}
}

// session returns the session of a process of the server, nil if it is none of ours.
func (s *Steps) session(pid uint32) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[pid]
}

// all returns all sessions.
func (s *Steps) all() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*session, 0, len(s.sessions))
	for _, c := range s.sessions {
		all = append(all, c)
	}
	return all
}

// forget removes a session.
func (s *Steps) forget(c *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.mu.Lock()
	pid := c.pid
	c.mu.Unlock()
	if s.sessions[pid] == c {
		delete(s.sessions, pid)
	}
}
