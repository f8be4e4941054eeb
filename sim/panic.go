package sim

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// taskPanic is a panic of the code under test: a finding, not a crash of the
// harness.
type taskPanic struct {
	value any
	stack string
}

func (p *taskPanic) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// unpanicked calls a function of the backend outside of any task. A panic of it is an error: it
// would end the process, and all other runs with it.
func (r *run) unpanicked(do func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("seed %d: %w", r.cfg.Seed, &taskPanic{value, string(debug.Stack())})
		}
	}()
	return do()
}

// newStore has the backend open a store.
func (r *run) newStore(ctx context.Context) (store eventcore.Store, err error) {
	err = r.unpanicked(func() (err error) {
		store, err = r.cfg.Backend.Open(ctx, r.env)
		return err
	})
	return store, err
}

// closeStore closes the store that is open, if it can be closed.
func (r *run) closeStore() {
	if err := r.unpanicked(func() error { return closeStore(r.opened) }); err != nil {
		r.result.judge(Broken, fmt.Sprintf("close backend %s: %v", r.cfg.Backend.Name, err))
	}
}

// carriedOut calls what carries the run out. Where that does not come back the run is broken: a
// panic, such as one of a scenario's invariant, ends here, and the end of the goroutine does not.
func (r *run) carriedOut(do func()) {
	returned := false
	defer func() {
		value := recover()
		switch {
		case returned:
		case value != nil:
			r.panicked = true
			r.broken((&taskPanic{value, string(debug.Stack())}).Error())
		default:
			r.broken(exited)
		}
	}()
	do()
	returned = true
}

// exited is what is wrong with code that calls [runtime.Goexit].
const exited = "it ended its goroutine, as FailNow of a test does"

// broken judges a run in which something does not come back.
func (r *run) broken(why string) {
	r.result.judge(Broken, fmt.Sprintf("the run of seed %d on backend %s: %s", r.cfg.Seed, r.cfg.Backend.Name, why))
}
