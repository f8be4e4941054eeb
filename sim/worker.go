package sim

import (
	"context"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/sim/internal/coro"
)

// worker carries out runs, one after another. What a run leaves that nobody needs, the next
// one uses again; no run can tell. The zero value is ready for use.
type worker struct {
	// jobs takes what the worker's goroutine does next; gone is closed once that has ended. A
	// goroutine for each run would have to grow its stack each time.
	jobs chan func()
	gone chan struct{}
	// coroutines are those that tasks ran in.
	coroutines *coro.Pull
	memory     *linearizability.Memory
	// spare is the last result, if nobody needs it any more.
	spare *Result
}

// reuse gives back the result of the last run, of which nothing may be used any more.
func (w *worker) reuse(last *Result) {
	if w.memory != nil && last.Stall == "" && last.Trace != nil {
		w.spare = last
		w.memory.Reuse()
	}
}

// result returns an empty one with a trace.
func (w *worker) result() *Result {
	r := &Result{Trace: &Trace{}}
	if old := w.spare; old != nil {
		r.Trace, r.Results, r.Spans, r.Schedule = old.Trace, old.Results[:0], old.Spans[:0], old.Schedule[:0]
		w.spare = nil
	}
	r.Trace.reset()
	return r
}

// run is [Run].
func (w *worker) run(ctx context.Context, cfg Config) (*Result, error) {
	cfg, err := cfg.prepared()
	if err != nil {
		return nil, err
	}
	if w.jobs == nil {
		w.start()
	}
	r := newRun(cfg, w)
	done, exited := make(chan struct{}), true
	w.jobs <- func() {
		defer close(done)
		r.carriedOut(func() { r.simulate(ctx) })
		exited = false
	}
	if stalled := r.watch(done); stalled != nil {
		// What hangs has it all, and ends it should it come back.
		close(w.jobs)
		*w = worker{}
		return stalled, nil
	}
	switch {
	case exited:
		// The run has ended the goroutine.
		<-w.gone
		*w = worker{}
	case r.panicked:
		w.close() // who knows what it has left
	}
	// What was found before the context ended stays.
	if err := ctx.Err(); err != nil && !r.result.Failed() {
		return nil, fmt.Errorf("sim: run of seed %d: %w", cfg.Seed, err)
	}
	return r.result, nil
}

func (w *worker) start() {
	jobs, gone, coroutines := make(chan func()), make(chan struct{}), &coro.Pull{}
	w.jobs, w.gone, w.coroutines, w.memory = jobs, gone, coroutines, &linearizability.Memory{}
	go func() {
		defer close(gone)
		defer coroutines.Close()
		for job := range jobs {
			job()
		}
	}()
}

// close ends what the worker keeps.
func (w *worker) close() {
	if w.jobs != nil {
		close(w.jobs)
		<-w.gone
	}
	*w = worker{}
}
