package sim

import (
	"context"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// ReadStream implements [eventcore.Store].
func (p *process) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return pushread.Stream(ctx, p, id, after)
}

// PushStream implements [pushread.Reader].
func (p *process) PushStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version, consume pushread.Consumer) {
	p.run.startRead(eventcore.OpReadStream, consume).run(ctx, p.run.live.ReadStream(ctx, id, after))
}

// ReadAll implements [eventcore.AllReader].
func (p *processAll) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return pushread.All(ctx, p, filter, after, limit)
}

// PushAll implements [pushread.AllReader].
func (p *processAll) PushAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int, consume pushread.Consumer) {
	p.run.startRead(eventcore.OpReadAll, consume).run(ctx, p.run.liveAll.ReadAll(ctx, filter, after, limit))
}

// processReading passes the events of one read on as long as its process lives. It is used
// again for another read later: closures for each would cost more than a read in memory.
type processReading struct {
	of      *run
	task    *task // nil outside of tasks
	op      eventcore.Operation
	epoch   int
	consume pushread.Consumer
	// body is next as a function value.
	body pushread.Consumer
	// over says that the store is to yield nothing more, wanted that the consumer would take
	// more; dead is why there is no more.
	over, wanted bool
	dead         error
}

// startRead returns what passes one read on to consume.
func (r *run) startRead(op eventcore.Operation, consume pushread.Consumer) *processReading {
	var it *processReading
	if n := len(r.reads); n > 0 {
		it, r.reads = r.reads[n-1], r.reads[:n-1]
	} else {
		it = &processReading{of: r}
		it.body = it.next
	}
	it.op, it.epoch, it.consume = op, r.epoch, consume
	it.over, it.wanted, it.dead = false, true, nil
	return it
}

func (it *processReading) run(ctx context.Context, events iter.Seq2[eventcore.Recorded, error]) {
	it.pass(ctx, events)
	if it.dead != nil && it.wanted {
		it.consume(eventcore.Recorded{}, it.dead)
	}
	// A read that a panic has ended is not used again.
	it.task, it.consume, it.dead = nil, nil, nil
	it.of.reads = append(it.of.reads, it)
}

// pass passes events on.
func (it *processReading) pass(ctx context.Context, events iter.Seq2[eventcore.Recorded, error]) {
	it.task = enter(ctx)
	defer it.task.leave(it.op, &it.dead)
	events(it.body)
}

// next is the body of the loop over the store's events.
func (it *processReading) next(event eventcore.Recorded, err error) bool {
	if it.over {
		panic(pushread.ErrGoesOn)
	}
	if it.task != nil {
		it.task.inside = false
	}
	it.wanted = it.consume(event, err)
	switch {
	case !it.wanted:
		it.over = true
	case it.of.epoch != it.epoch:
		// What the process would still send is lost with it.
		it.dead = &eventcore.StoreFailure{Operation: it.op, Err: errCrashed}
		it.over = true
	case it.task != nil:
		it.task.inside = true
	}
	return !it.over
}
