package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/internal/coro"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
)

// world is the tasks of a run, its clock and the loop that switches between them.
type world struct {
	tasks    []*task
	now      int64 // virtual nanoseconds since the start
	switcher coro.Switcher
	sched    sched.Scheduler
	trace    *Trace
	runnable []int
	calls    int // store calls begun
	// changedAt is their number when the store changed or an operation ended last.
	changedAt int
	away      int // tasks that are held up outside the process
	points    points
	// returns are the names of yield points at the end of calls of state; see state.go.
	returns map[eventcore.Operation]string
	// chosen is the task that a parking task has chosen to run next.
	chosen *task
	// interrupt is the step at which the loop stops for a crash.
	interrupt int64
	// awaited tells the names of the yield points that interrupt the loop from the step
	// awaitedFrom on; nil if there are none.
	awaited     func(name string) bool
	awaitedFrom int64
	onCrash     func(ctx context.Context) error
	// explorer, where not nil, chooses in place of sched; abandoned says that it gave up.
	explorer  Explorer
	abandoned bool
	// timeless: a sleep ends when the scheduler likes.
	timeless bool
	// streams numbers those that were touched; see footprint.go.
	streams map[eventcore.StreamID]int
	// timers are what is to happen, in the order of their times.
	timers []timer
	// onRequest returns the fault of a request of a task's store, onLost is told of sessions
	// that are lost; nil where there are none.
	onRequest func(t *task, of func(in *chaos.Injector, client int) *chaos.RequestFault) *chaos.RequestFault
	onLost    func(t *task) (ended func())
	// unwinding: tasks are being taken down inside the backend; none may park.
	unwinding bool
	// current is the task that was chosen last, nil before there is one.
	current  *task
	stopping bool
	// end is the step at which the loop runs out of its budget: limit, or so many steps after
	// the last operation that ended, or now if the store is called in vain; see budget.go.
	end, limit int64
	budget     budget
	// steps is read by the watchdog of another goroutine.
	steps atomic.Int64
}

// points are the numbers of the names of the simulator's own yield points.
type points struct {
	start, sleep, appendCall, appendReturn, readStream, readAll, event, readReturn int32
}

func newWorld(switcher coro.Switcher, trace *Trace) *world {
	return &world{trace: trace, switcher: switcher, interrupt: never, points: points{
		start: trace.intern(pointStart), sleep: trace.intern(pointSleep),
		appendCall: trace.intern(pointAppend), appendReturn: trace.intern(pointAppended),
		readStream: trace.intern(pointReadStream), readAll: trace.intern(pointReadAll),
		event: trace.intern(pointEvent), readReturn: trace.intern(pointRead),
	}}
}

// stepCost is the virtual time that a step takes, in nanoseconds: enough that time
// stamps differ, little enough that a delay spans many steps.
const stepCost = 1000

// deadlock says that unfinished tasks wait for one another.
type deadlock struct{ parked []string }

func (d *deadlock) Error() string {
	return "no task can go on; parked: " + strings.Join(d.parked, "; ")
}

// errInterrupted ends a loop whose context has ended.
var errInterrupted = errors.New("the run was interrupted")

// loop runs the tasks until finished returns true or, where finished is nil, all
// are done. It returns errBudget when the budget is used up, a *deadlock, a
// *taskPanic, or errInterrupted.
func (w *world) loop(ctx context.Context, b budget, finished func() bool) error {
	w.spend(b)
	for {
		if finished != nil && finished() {
			return nil
		}
		if ctx.Err() != nil {
			return errInterrupted
		}
		if w.abandoned {
			return errAbandoned
		}
		if w.steps.Load() >= w.interrupt {
			if err := w.onCrash(ctx); err != nil {
				return err
			}
			continue // what it took down may have been the last that was waited for
		}
		w.ring()
		bits, unfinished := w.collect()
		if len(w.runnable) == 0 {
			if !unfinished {
				return nil
			}
			switch {
			case w.advance(), w.awaitAway(ctx):
			case ctx.Err() != nil:
				return errInterrupted // before the outside was waited for long enough
			default:
				return &deadlock{w.parked()}
			}
			continue
		}
		if w.steps.Load() >= w.end {
			return errBudget
		}
		for t := w.choose(bits); t != nil; {
			w.chosen = nil
			if !t.co.Resume() {
				t.state = taskDone
				if t.panicked != nil {
					return t.panicked
				}
			} else if t.isAway() {
				t.state, t.point = taskAway, w.trace.intern(t.outside)
				w.away++
			}
			// Where a task that parked has chosen its successor, that one is next.
			t = w.chosen
		}
	}
}

// choose asks the scheduler and records the step. It returns nil where the run is given
// up.
func (w *world) choose(runnable uint64) *task {
	t := w.next()
	if t == nil {
		return nil
	}
	w.steps.Add(1)
	w.now += stepCost
	w.trace.add(step{kind: stepResume, time: w.now, task: int16(t.id), name: t.point, runnable: runnable, detail: t.detail})
	if t.state == taskAway {
		w.away--
	}
	if t.state == taskSleeping {
		w.now = max(w.now, t.wake)
	}
	t.state, t.ready, t.detail = taskReady, nil, 0
	w.current = t
	return t
}

// reaches interrupts the loop where a task has come to the awaited yield point.
func (w *world) reaches(name string) {
	if w.awaited != nil && w.steps.Load() >= w.awaitedFrom && w.awaited(name) {
		w.interrupt = w.steps.Load()
	}
}

// point parks the task that is running.
func (w *world) point(name string) {
	if t := w.current; t != nil && t.inside && !w.stopping {
		t.Yield(name)
	}
}

// nap puts the task that is running to sleep.
func (w *world) nap(d time.Duration) {
	if t := w.current; t != nil && t.inside && !w.stopping && !w.unwinding {
		t.sleep(int64(d))
	}
}

// chooseFromTask is what a parking task does for the loop: it chooses who is next,
// and if that is the task itself, nobody needs to be switched. It returns nil where
// the loop has to look at more than that.
func (w *world) chooseFromTask() *task {
	steps := w.steps.Load()
	// Now and then the loop must see whether the run was cancelled.
	if steps >= w.end || steps >= w.interrupt || steps&1023 == 0 || w.due() {
		return nil
	}
	bits, _ := w.collect()
	return w.choose(bits)
}

// collect fills w.runnable. It returns the set of runnable tasks as bits and
// whether any task is not done.
func (w *world) collect() (bits uint64, unfinished bool) {
	w.runnable = w.runnable[:0]
	if w.away > 0 {
		w.settle()
	}
	for _, t := range w.tasks {
		switch t.state {
		case taskDone:
			continue
		case taskSleeping:
			if t.wake > w.now && !w.timeless {
				unfinished = true
				continue
			}
		case taskWaiting:
			if ended := t.wake != 0 && t.wake <= w.now; !ended && !t.ready() {
				unfinished = true
				continue
			}
		case taskAway:
			if !t.isBack() {
				unfinished = true
				continue
			}
		case taskReady:
		}
		unfinished = true
		w.runnable = append(w.runnable, t.id)
		bits |= 1 << (t.id % 64)
	}
	return bits, unfinished
}

// advance moves the clock to when the next sleeper wakes, or the next wait or timer ends;
// false if none does.
func (w *world) advance() bool {
	next, found := int64(0), false
	if len(w.timers) > 0 {
		next, found = w.timers[0].at, true
	}
	for _, t := range w.tasks {
		timed := t.state == taskSleeping || t.state == taskWaiting && t.wake != 0
		if timed && (!found || t.wake < next) {
			next, found = t.wake, true
		}
	}
	if found {
		w.now = next
	}
	return found
}

// parked describes every unfinished task and where it is parked.
func (w *world) parked() []string {
	var all []string
	for _, t := range w.tasks {
		if t.state != taskDone {
			all = append(all, fmt.Sprintf("%s at %q", t.name, w.trace.names[t.point]))
		}
	}
	return all
}

// stop ends every unfinished task, so that no coroutine outlives the run.
func (w *world) stop() {
	// A deferred call of a task that is being ended must not schedule anything.
	w.stopping = true
	defer func() { w.stopping = false }()
	// Those that are held up outside wait for what the others give up.
	for _, away := range []bool{false, true} {
		for _, t := range w.tasks {
			if t.state != taskDone && (t.state == taskAway) == away {
				t.co.Stop()
				t.state = taskDone
			}
		}
	}
}
