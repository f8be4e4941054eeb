package sqlstep

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// runs are those of this process that have something to wait for. They are kept here and
// not in a pool because a run may have several pools on one database.
var runs = registry{byRun: make(map[any]*shared)}

// registry finds what the connections of a run share.
type registry struct {
	mu    sync.Mutex
	byRun map[any]*shared
}

// shared is what the connections of a run share, for as long as it is used.
type shared struct {
	// uses is guarded by the registry's mutex.
	uses int
	// releases counts what may have released a lock.
	releases atomic.Uint64

	mu sync.Mutex
	// open has the transactions and rows that may have to be waited for.
	open []*ending
}

// find returns what a run shares, nil for nothing.
func (r *registry) find(run any) *shared {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byRun[run]
}

// use returns what a run shares, and keeps it until done is called.
func (r *registry) use(run any) (s *shared, done func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s = r.byRun[run]
	if s == nil {
		s = &shared{}
		r.byRun[run] = s
	}
	s.uses++
	return s, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if s.uses--; s.uses == 0 {
			delete(r.byRun, run)
		}
	}
}

// released notes that a connection of a run may have released a lock.
func (r *registry) released(run any) {
	if s := r.find(run); s != nil {
		s.releases.Add(1)
	}
}

// settle waits for what database/sql ends by itself in a run. It says whether that was
// anything.
func (r *registry) settle(run any) bool {
	s := r.find(run)
	return s != nil && s.settle()
}

// awaitLock parks a task until a lock may be free, over says that it need not wait any
// more, or the limit has passed. It returns what is left of the limit.
func (r *registry) awaitLock(task yield.Task, limit time.Duration, over func() bool) (left time.Duration) {
	s, done := r.use(runOf(task))
	defer done()
	before := s.releases.Load()
	return waitFor(task, prefix+"lock", limit, func() bool { return s.releases.Load() != before || over() })
}

// add adds a transaction or rows.
func (s *shared) add(e *ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = append(s.open, e)
}

// remove removes it, and says whether it was there.
func (s *shared) remove(e *ending) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.open, e)
	if i >= 0 {
		s.open = slices.Delete(s.open, i, i+1)
	}
	return i >= 0
}

// settle waits until all is over whose context has ended, but for what a parked task is
// in the middle of: that ends with its call.
func (s *shared) settle() bool {
	due := s.due()
	for _, e := range due {
		e.await()
		e.forget()
	}
	return len(due) > 0
}

// due returns what is to be waited for.
func (s *shared) due() (due []*ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.open {
		if e.ctx.Err() != nil && e.conn.calls.Load() == 0 {
			due = append(due, e)
		}
	}
	return due
}
