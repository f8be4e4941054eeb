package chaos

import (
	"context"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// wrapper is a store with faults.
type wrapper struct {
	client  *client
	inner   eventcore.Store
	streams pushread.Reader
}

// allWrapper is a wrapper around a store with a global order.
type allWrapper struct {
	*wrapper
	all pushread.AllReader
}

// Append implements [eventcore.Store].
func (w *wrapper) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	if w.client.idle() {
		return w.inner.Append(ctx, writes)
	}
	c := w.client.begin(eventcore.OpAppend, len(writes.Participants()))
	s := c.choose()
	points := pointsOf(ctx)
	appended, err := w.strike(ctx, s, writes)
	c.settle(func(_ *behaviour, after int) bool { return points == uncounted || after <= pointsOf(ctx)-points })
	return appended, err
}

// strike carries out an append that is to suffer a strike, or none.
func (w *wrapper) strike(ctx context.Context, s *strike, writes eventcore.Writes) (eventcore.Appended, error) {
	if s == nil {
		return w.inner.Append(ctx, writes)
	}
	return w.client.in.behaviours[s.fault.Kind].append(ctx, s, w.inner, writes)
}

// ReadStream implements [eventcore.Store].
func (w *wrapper) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return pushread.Stream(ctx, w, id, after)
}

// PushStream implements [pushread.Reader].
func (w *wrapper) PushStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version, consume pushread.Consumer) {
	if w.client.idle() {
		w.streams.PushStream(ctx, id, after, consume)
		return
	}
	r := w.client.startRead(eventcore.OpReadStream)
	r.streams, r.id, r.after = w.streams, id, after
	w.client.read(ctx, r, consume)
}

// ReadAll implements [eventcore.AllReader].
func (w *allWrapper) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return pushread.All(ctx, w, filter, after, limit)
}

// PushAll implements [pushread.AllReader].
func (w *allWrapper) PushAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int, consume pushread.Consumer) {
	if w.client.idle() {
		w.all.PushAll(ctx, filter, after, limit, consume)
		return
	}
	r := w.client.startRead(eventcore.OpReadAll)
	r.all, r.filter, r.position, r.limit = w.all, filter, after, limit
	w.client.read(ctx, r, consume)
}

// startRead returns what one iteration of a read needs.
func (c *client) startRead(op eventcore.Operation) *reading {
	var r *reading
	if n := len(c.reads); n > 0 {
		r, c.reads = c.reads[n-1], c.reads[:n-1]
	} else {
		r = &reading{}
		r.body = r.next
	}
	r.op = op
	return r
}

// read carries out one iteration of a read.
func (c *client) read(ctx context.Context, r *reading, yield pushread.Consumer) {
	c.carryOut(ctx, r, yield)
	// A read that a panic has ended is not used again.
	*r = reading{body: r.body}
	c.reads = append(c.reads, r)
}

func (c *client) carryOut(ctx context.Context, r *reading, yield pushread.Consumer) {
	call := c.begin(r.op, 0)
	if s := call.choose(); s != nil {
		c.in.behaviours[s.fault.Kind].read(ctx, s, r, yield)
	} else {
		r.run(ctx, yield)
	}
	call.settle(func(b *behaviour, after int) bool { return b.within(after, r) })
}
