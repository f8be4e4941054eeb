package sim

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// process is the store as its clients reach it: the one that is open at the time of the
// call. A call whose process crashes ends with an unknown outcome.
type process struct{ run *run }

// processAll is a process whose store has a global order.
type processAll struct{ *process }

// newProcess returns the store that outlives crashes.
func newProcess(r *run) eventcore.Store {
	p := &process{r}
	if r.liveAll != nil {
		return &processAll{p}
	}
	return p
}

// enter notes that the task of ctx is inside the backend, and returns it, nil if there is none.
func enter(ctx context.Context) *task {
	t, ok := yield.From(ctx).(*task)
	if !ok {
		return nil
	}
	t.inside = true
	return t
}

// leave is deferred by who called enter. It notes that the task has left the backend, and if
// it was taken down there, stops the panic and sets err.
func (t *task) leave(op eventcore.Operation, err *error) {
	if t == nil {
		return
	}
	t.inside = false
	if !t.doomed {
		return
	}
	if value := recover(); value != nil {
		if _, is := value.(crashed); !is {
			panic(value)
		}
	}
	t.doomed, t.lingered, t.again = false, 0, 0
	*err = &eventcore.StoreFailure{Operation: op, Err: errCrashed}
}

// Append implements [eventcore.Store].
func (p *process) Append(ctx context.Context, writes eventcore.Writes) (appended eventcore.Appended, err error) {
	defer enter(ctx).leave(eventcore.OpAppend, &err)
	appended, err = p.run.live.Append(ctx, writes)
	if len(appended.Streams) > 0 {
		p.run.world.changed()
	}
	return appended, err
}
