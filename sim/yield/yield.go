// Package yield lets a backend offer the simulator places to switch tasks.
//
// It is a leaf that imports nothing but the standard library, so that production
// code can call it: outside a simulation a call costs one context look-up and does
// nothing.
package yield

import (
	"context"
	"time"
)

// Point parks the simulated task that ctx belongs to, so that other tasks may run
// before it goes on. name says where, as in "memory: between check and write"; it
// appears in traces. A backend must not hold a real mutex across a Point: the task
// that runs next may need it. Outside a simulation Point does nothing.
func Point(ctx context.Context, name string) {
	if task := From(ctx); task != nil {
		task.Yield(name)
	}
}

// Wait parks the simulated task until ready returns true, and returns true. ready
// is called by the scheduler between steps; it must be fast and must not block or
// park. A run in which every task waits is a deadlock and is reported with the
// names of these points. Outside a simulation Wait returns false at once and the
// caller must wait by its own means.
func Wait(ctx context.Context, name string, ready func() bool) bool {
	task := From(ctx)
	if task == nil {
		return false
	}
	task.Wait(name, ready)
	return true
}

// Outside tells the simulator that the task of ctx may now be held up outside this
// process, for instance by a lock in a server that another, parked task holds. The caller
// calls back when it is not any more. Meanwhile the simulator asks blocked, from another
// goroutine, whether the task is held up until another task takes a step. If so it goes
// on with others, and back parks the task until it is chosen again. Outside a
// simulation, and for backends that do not declare that they block, it does nothing.
func Outside(ctx context.Context, name string, blocked func() bool) (back func()) {
	if task, ok := From(ctx).(BlockingTask); ok {
		return task.Outside(name, blocked)
	}
	return func() {}
}

// BlockingTask is a [Task] that may be held up outside the process.
type BlockingTask interface {
	Task
	// Outside is what the function Outside calls.
	Outside(name string, blocked func() bool) (back func())
	// Run identifies the run that the task belongs to.
	Run() any
	// Stopping says that the run has ended and the task is only taken down: it must not
	// be parked any more.
	Stopping() bool
}

// TimedTask is a [Task] that can wait with an end.
type TimedTask interface {
	Task
	// WaitFor is Wait that also ends once so much of the run's time has passed. It returns
	// what is left of that, 0 or less where it has ended so.
	WaitFor(name string, limit time.Duration, ready func() bool) (left time.Duration)
}

// Task is the simulator's side of a yield point.
type Task interface {
	Yield(name string)
	Wait(name string, ready func() bool)
}

// TakesDown says whether a recovered value is that of a panic with which the simulator
// takes a task down where it is parked, such as at the end of a run or in a crash. Code
// that a panic must not unwind, such as that of a C library, recovers it, fails, and returns
// as soon as it can; other code lets it pass.
func TakesDown(recovered any) bool {
	_, is := recovered.(interface{ TakesDownTask() })
	return is
}

// Recover is deferred by code that a panic must not unwind. Where the panic is one of those of
// [TakesDown] it ends there, and err is set to down; any other goes on.
func Recover(err *error, down error) {
	value := recover()
	switch {
	case value == nil:
	case TakesDown(value):
		*err = down
	default:
		panic(value)
	}
}

type taskKey struct{}

// NewContext returns a context that belongs to task.
func NewContext(ctx context.Context, task Task) context.Context {
	return context.WithValue(ctx, taskKey{}, task)
}

// From returns the task that ctx belongs to, nil outside a simulation.
func From(ctx context.Context) Task {
	task, _ := ctx.Value(taskKey{}).(Task)
	return task
}
