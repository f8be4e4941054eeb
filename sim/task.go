package sim

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/eventcore-go/eventcore-sim/sim/internal/coro"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

type taskState uint8

const (
	taskReady taskState = iota
	taskSleeping
	taskWaiting
	taskAway
	taskDone
)

// task is one thread of a simulated run. It implements [yield.Task].
type task struct {
	id      int
	name    string
	world   *world
	co      coro.Coroutine
	suspend func()

	state  taskState
	point  int32  // where it is parked: a name of the trace
	detail uint64 // digest of what it did since its last step
	// did is what it touched since its last step.
	did   Footprint
	wake  int64 // when state is taskSleeping, or taskWaiting with an end; there 0: none
	ready func() bool
	// outside says what may hold it up outside the process.
	outside string
	// inside: it is inside the backend. doomed: the process of the backend has crashed, and
	// the task is on its way out of it. lingered counts the points that it has passed since the last
	// panic of that, again further panics.
	inside, doomed  bool
	lingered, again int
	// points counts those of the code under test. pending is called at that point.
	points, at int
	pending    func()
	// reads are those that have ended, for further ones.
	reads []*taskReading
	// panicked is set when the task's function panicked.
	panicked *taskPanic
}

// spawn adds a task that will run body with a context of its own.
func (w *world) spawn(ctx context.Context, name string, body func(ctx context.Context, t *task)) *task {
	t := &task{id: len(w.tasks), name: name, world: w, point: w.points.start}
	w.tasks = append(w.tasks, t)
	w.trace.tasks = append(w.trace.tasks, name)
	taskCtx := yield.NewContext(ctx, t)
	t.co = w.switcher.New(func(suspend func()) {
		t.suspend = suspend
		defer t.catch()
		body(taskCtx, t)
	})
	return t
}

// catch keeps a panic of the code under test; the stop of an abandoned task
// passes.
func (t *task) catch() {
	value := recover()
	if value == nil {
		return
	}
	if _, stopped := value.(coro.Stopped); stopped {
		panic(value)
	}
	t.panicked = &taskPanic{value, string(debug.Stack())}
}

// Yield implements [yield.Task].
func (t *task) Yield(name string) {
	if t.inside {
		t.world.reaches(name)
	}
	t.passes()
	// What happens between such points, only the code that has them knows.
	t.did.Unknown = true
	t.park(t.world.trace.intern(name))
	t.did.Unknown = true
}

// park is Yield at a point whose name is known by number.
func (t *task) park(point int32) {
	if t.doomed {
		t.linger()
		return
	}
	t.point = point
	if t.world.stopping {
		panic(coro.Stopped{})
	}
	if t.world.unwinding {
		t.suspend()
		return
	}
	if next := t.world.chooseFromTask(); next != t {
		t.world.chosen = next
		t.stop()
	}
}

// stop suspends the task. Where the process of the backend crashes meanwhile, it does
// not return: the panic ends in process.
func (t *task) stop() {
	t.suspend()
	if t.doomed {
		panic(crashed{})
	}
}

// mostLingering is how many points a task may pass that is taken down. Deferred calls have a few.
const mostLingering = 1000

// linger lets a deferred call of what is taken down pass a point. Where the panic was stopped, see
// [yield.Recover], the code may try again for ever what never works any more: it gets another one,
// each a point sooner than the one before. At equal distances they might all come where they are stopped.
func (t *task) linger() {
	if t.lingered++; t.lingered >= mostLingering-t.again {
		t.lingered, t.again = 0, min(t.again+1, mostLingering-1)
		panic(crashed{})
	}
}

// Wait implements [yield.Task].
func (t *task) Wait(name string, ready func() bool) {
	if t.doomed {
		t.linger()
		return
	}
	t.passes()
	t.did.Unknown = true
	t.wait(name, 0, ready)
	t.did.Unknown = true
}

// WaitFor implements [yield.TimedTask].
func (t *task) WaitFor(name string, limit time.Duration, ready func() bool) (left time.Duration) {
	if t.doomed {
		t.linger()
		return 0
	}
	t.passes()
	end := t.world.now + int64(limit)
	t.did.Unknown = true
	t.wait(name, end, ready)
	t.did.Unknown = true
	return time.Duration(end - t.world.now)
}

// passes counts a point of the code under test.
func (t *task) passes() {
	t.points++
	if t.pending != nil && t.points == t.at {
		do := t.pending
		t.pending = nil
		do()
	}
}

// Points returns the number of points that the code under test has passed in this task.
func (t *task) Points() int { return t.points }

// AtPoint has do called at the n-th point from now on, counted from 1, before the task is
// parked there, unless stop is called before.
func (t *task) AtPoint(n int, do func()) (stop func()) {
	t.at, t.pending = t.points+n, do
	return func() { t.pending = nil }
}

// wait parks the task until it is ready, at most until that time, unless that is 0.
func (t *task) wait(name string, end int64, ready func() bool) {
	t.state, t.point, t.wake, t.ready = taskWaiting, t.world.trace.intern(name), end, ready
	t.stop()
}

// Outside implements [yield.BlockingTask].
func (t *task) Outside(name string, blocked func() bool) (back func()) {
	outsider, ok := t.co.(coro.Outsider)
	if !ok || t.world.stopping {
		return func() {}
	}
	t.outside = name
	return outsider.Outside(blocked)
}

// Run implements [yield.BlockingTask].
func (t *task) Run() any { return t.world }

// Stopping implements [yield.BlockingTask].
func (t *task) Stopping() bool { return t.world.stopping }

// isAway says whether the task was found to be held up outside the process.
func (t *task) isAway() bool {
	outsider, ok := t.co.(coro.Outsider)
	return ok && outsider.Away()
}

// isBack says whether a task that is away has come back.
func (t *task) isBack() bool {
	outsider, ok := t.co.(coro.Outsider)
	return ok && outsider.Back()
}

// sleep parks the task until virtual time has advanced by d nanoseconds.
func (t *task) sleep(d int64) {
	if t.doomed {
		t.linger()
		return
	}
	t.state, t.point, t.wake = taskSleeping, t.world.points.sleep, t.world.now+d
	t.did.Unknown = t.did.Unknown || t.inside
	t.stop()
	t.did.Unknown = t.inside
}

// note digests something that the task did; it is part of its next step.
func (t *task) note(what uint64) { t.detail = chain(t.detail, what) }
