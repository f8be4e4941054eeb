package processes

import "sync"

// stamps makes the stamps of one process: of two calls in different processes, one returned
// before the other began only if the monotonic clock says so. The stamps of different
// processes are never the same, and where the clock shows the same time a call is taken to
// have begun before the other one returned.
type stamps struct {
	process int64
	// began is the time at which the first of the processes began.
	began int64
	mu    sync.Mutex
	last  int64
}

// mostProcesses is the number of processes whose stamps can be told apart.
const mostProcesses = 1 << 9

// call returns the stamp of a call that begins, returned that of one that ends.
func (s *stamps) call() int64     { return s.now()*2*mostProcesses + s.process }
func (s *stamps) returned() int64 { return s.now()*2*mostProcesses + mostProcesses + s.process }

// now returns the time, later each time it is called. That the clock can be read was
// checked when the process began.
func (s *stamps) now() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if at, _ := monotonic(); at-s.began > s.last {
			s.last = at - s.began
			return s.last
		}
	}
}
