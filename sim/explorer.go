package sim

import "errors"

// Explorer chooses the tasks of a run's safety phase one by one and is told what they
// touched. Package explore has one that goes through all choices.
type Explorer interface {
	// Choose returns the index in runnable, which has the IDs of tasks in growing order, of
	// the task that takes the next step; false gives the run up. current is the task that
	// took the last step and could go on, -1 if there is none: it sleeps, waits or is done.
	Choose(runnable []int, current int) (index int, ok bool)
	// Did is told what the last step was, before the next one is chosen and at the end.
	Did(task int, what Footprint)
}

// errAbandoned ends a run that its explorer gave up.
var errAbandoned = errors.New("the explorer gave the run up")

// next asks for the next task, nil where there shall be none.
func (w *world) next() *task {
	if w.explorer == nil {
		return w.tasks[w.runnable[w.sched.Next(w.runnable)]]
	}
	current := -1
	if t := w.current; t != nil && t.state == taskReady {
		current = t.id
	}
	w.tell()
	i, ok := w.explorer.Choose(w.runnable, current)
	if !ok {
		w.abandoned = true
		return nil
	}
	return w.tasks[w.runnable[i]]
}

// explore begins or, with nil, ends an exploration.
func (r *run) explore(e Explorer) {
	w := r.world
	if w.explorer != nil {
		w.tell()
	}
	w.explorer = e
	if e == nil {
		return
	}
	w.streams = numbered(&r.result.Program)
	// What was done before is nobody's step.
	w.current = nil
	for _, t := range w.tasks {
		t.did = Footprint{}
	}
}

// tell tells the explorer what the last step did.
func (w *world) tell() {
	if t := w.current; t != nil {
		w.explorer.Did(t.id, t.did)
		t.did = Footprint{}
		w.current = nil
	}
}
