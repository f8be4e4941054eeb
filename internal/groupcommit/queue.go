// Package groupcommit lets calls that would otherwise take turns share one commit, as
// databases do for transactions that wait for the same disk (DeWitt et al., "Implementation
// Techniques for Main Memory Database Systems", SIGMOD 1984). It knows of simulated callers.
//
// Nobody waits for others to come: a call that finds none under way is carried out at once.
// Those that come meanwhile wait for its end, and the first of them then carries out all that
// wait, in the order in which they came.
package groupcommit

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// Call is something to be carried out.
type Call interface {
	// Size is what the call takes, in bytes.
	Size() int
}

// Config says what groups may be.
type Config struct {
	// Name says in a simulation what a call waits for.
	Name string
	// Calls and Size, in bytes, are the most that a group takes. A call that is greater than
	// that is carried out by itself. With Calls of 1 all are, and none waits for another.
	Calls, Size int
	// Patience is how long a call waits for a group that does not end, as its connection may
	// be lost without anybody having been told. The call then goes on beside it, with all
	// that wait. 0: for ever.
	Patience time.Duration
}

// Queue makes groups of calls. It is safe for concurrent use. It must not be copied.
type Queue[C Call] struct {
	cfg Config

	mu sync.Mutex
	// flight is the group that others wait for.
	flight  *flight[C]
	waiting []*entry[C]
	// refusal is the failure of those who wait once the queue was closed.
	refusal error
}

// New returns a queue without calls.
func New[C Call](cfg Config) *Queue[C] { return &Queue[C]{cfg: cfg} }

// flight is a group that is under way.
type flight[C Call] struct {
	// others are the calls but for the leader's.
	others []*entry[C]
	// cancel ends the context of a group of several.
	cancel context.CancelFunc
}

// end frees what the context of a group takes.
func (f *flight[C]) end() {
	if f.cancel != nil {
		f.cancel()
	}
}

// state is how far a call has come.
type state uint8

const (
	queued state = iota
	// leads: the caller is to carry out the group.
	leads
	// taken: another caller carries it out.
	taken
	done
)

// entry is a call in the queue. The queue's lock guards what changes.
type entry[C Call] struct {
	call  C
	state state
	// alone: its group has come to nothing; now it is carried out by itself.
	alone bool
	// deserted: its caller does not wait for it any more.
	deserted bool
	// flight is the group that it is in, led the one that it leads.
	flight *flight[C]
	led    flight[C]
	// changed is told of changes of the state by a caller that is not simulated.
	changed chan struct{}
}

// Run carries out a group. take returns its calls, that of the caller first; those that come
// before it is called are in it, so what takes long but is not the work itself, as getting
// a connection, comes before. take's context is that of the caller, and is cancelled too where
// that of another call of the group ends. Where the group came to nothing and nothing of it
// was carried out, perhaps for a fault of one of its calls, again has each of them
// carried out by itself. Otherwise all have got their results, which they keep themselves.
// A call that was not taken stays in the queue.
type Run[C Call] func(take func() (context.Context, []C)) (again bool)

// Do has a call carried out by run, or by that of another call. It returns an error, the
// context's or that of Close, if the call was not begun with. Should run panic, the calls of
// its group are over, with the results that they had before.
func (q *Queue[C]) Do(ctx context.Context, call C, run Run[C]) error {
	if q.cfg.Calls == 1 {
		run(func() (context.Context, []C) { return ctx, []C{call} })
		return nil
	}
	e := &entry[C]{call: call}
	if !q.enter(e) {
		if err := q.await(ctx, e); err != nil || e.state == done {
			return err
		}
	}
	return q.lead(ctx, e, run)
}

// Close turns away those who wait with an error. What is under way goes on, and those
// who come later are carried out or not as run says.
func (q *Queue[C]) Close(refusal error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refusal = refusal
	for _, e := range q.waiting {
		e.tell()
	}
}

// enter says whether the call is the first, and has it wait otherwise.
func (q *Queue[C]) enter(e *entry[C]) (first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.flight == nil {
		q.launch(e)
		return true
	}
	e.changed = make(chan struct{}, 1)
	q.waiting = append(q.waiting, e)
	return false
}

// launch makes a call the leader of the group that the others wait for.
func (q *Queue[C]) launch(e *entry[C]) {
	e.state = leads
	e.flight = &e.led
	q.flight = e.flight
}

// lead carries out the group that a call leads.
func (q *Queue[C]) lead(ctx context.Context, e *entry[C], run Run[C]) error {
	defer q.land(e.flight)
	for ctx.Err() == nil {
		again := run(func() (context.Context, []C) { return q.take(ctx, e) })
		if !again || e.alone {
			return nil
		}
		q.giveBack(e)
	}
	return ctx.Err()
}

// take takes the calls that wait into the group.
func (q *Queue[C]) take(ctx context.Context, leader *entry[C]) (context.Context, []C) {
	// Without it hardly any simulated group would be of more than one call.
	yield.Point(ctx, q.cfg.Name+" takes who waits")
	q.mu.Lock()
	defer q.mu.Unlock()
	f := leader.flight
	calls, size := []C{leader.call}, leader.call.Size()
	n := 0
	for _, e := range q.waiting {
		size += e.call.Size()
		if leader.alone || e.alone || len(calls) == q.cfg.Calls || size > q.cfg.Size {
			break
		}
		e.flight = f
		e.become(taken)
		f.others, calls = append(f.others, e), append(calls, e.call)
		n++
	}
	q.waiting = slices.Delete(q.waiting, 0, n)
	if n > 0 { // a context that can be cancelled costs more where it is used
		ctx, f.cancel = context.WithCancel(ctx)
	}
	return ctx, calls
}

// giveBack has each call of a group carried out by itself.
func (q *Queue[C]) giveBack(leader *entry[C]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	f := leader.flight
	f.end()
	leader.alone = true
	f.others = slices.DeleteFunc(f.others, func(e *entry[C]) bool { return e.deserted })
	for _, e := range f.others {
		e.alone = true
		e.become(queued)
	}
	q.waiting = slices.Insert(q.waiting, 0, f.others...)
	f.others = nil
}

// land ends a group, and has the next one begin.
func (q *Queue[C]) land(f *flight[C]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	f.end()
	for _, e := range f.others {
		e.become(done)
	}
	q.next(f)
}

// next has the group begin that waits for one that is over.
func (q *Queue[C]) next(f *flight[C]) {
	switch {
	case q.flight != f && q.flight != nil: // somebody lost patience
	case len(q.waiting) == 0:
		q.flight = nil
	default:
		next := q.waiting[0]
		q.waiting = slices.Delete(q.waiting, 0, 1)
		q.launch(next)
		next.tell()
	}
}

// become changes the state.
func (e *entry[C]) become(s state) {
	e.state = s
	e.tell()
}

// tell tells the caller, if it is not told of another change already.
func (e *entry[C]) tell() {
	select {
	case e.changed <- struct{}{}:
	default:
	}
}
