package sim

import (
	"context"
	"iter"

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

// enter notes that the task is inside the backend. The result notes that it has left,
// and if it was taken down there, stops the panic and sets err.
func enter(ctx context.Context, op eventcore.Operation, err *error) (leave func()) {
	t, ok := yield.From(ctx).(*task)
	if !ok {
		return func() {}
	}
	t.inside = true
	return func() {
		t.inside = false
		if !t.doomed {
			return
		}
		if value := recover(); value != nil {
			if _, is := value.(crashed); !is {
				panic(value)
			}
		}
		t.doomed = false
		*err = &eventcore.StoreFailure{Operation: op, Err: errCrashed}
	}
}

// Append implements [eventcore.Store].
func (p *process) Append(ctx context.Context, writes eventcore.Writes) (appended eventcore.Appended, err error) {
	leave := enter(ctx, eventcore.OpAppend, &err)
	defer leave()
	return p.run.live.Append(ctx, writes)
}

// ReadStream implements [eventcore.Store].
func (p *process) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return p.read(ctx, eventcore.OpReadStream, func() iter.Seq2[eventcore.Recorded, error] {
		return p.run.live.ReadStream(ctx, id, after)
	})
}

// ReadAll implements [eventcore.AllReader].
func (p *processAll) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return p.read(ctx, eventcore.OpReadAll, func() iter.Seq2[eventcore.Recorded, error] {
		return p.run.liveAll.ReadAll(ctx, filter, after, limit)
	})
}

// read passes a sequence on as long as its process lives.
func (p *process) read(ctx context.Context, op eventcore.Operation, begin func() iter.Seq2[eventcore.Recorded, error]) iter.Seq2[eventcore.Recorded, error] {
	return func(consume func(eventcore.Recorded, error) bool) {
		var dead error
		if wanted := p.pass(ctx, op, begin(), consume, &dead); dead != nil && wanted {
			consume(eventcore.Recorded{}, dead)
		}
	}
}

// pass passes events on and says whether more are wanted.
func (p *process) pass(ctx context.Context, op eventcore.Operation, events iter.Seq2[eventcore.Recorded, error],
	consume func(eventcore.Recorded, error) bool, dead *error,
) (wanted bool) {
	wanted = true
	epoch := p.run.epoch
	leave := enter(ctx, op, dead)
	defer leave()
	t, _ := yield.From(ctx).(*task)
	for event, err := range events {
		if t != nil {
			t.inside = false
		}
		wanted = consume(event, err)
		if !wanted {
			return wanted
		}
		// What the process would still send is lost with it.
		if p.run.epoch != epoch {
			*dead = &eventcore.StoreFailure{Operation: op, Err: errCrashed}
			return wanted
		}
		if t != nil {
			t.inside = true
		}
	}
	return wanted
}
