package groupcommit

import (
	"context"
	"slices"
	"time"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// await waits until a call is done or leads. It returns an error if the call left the queue.
func (q *Queue[C]) await(ctx context.Context, e *entry[C]) error {
	w := waiter[C]{queue: q, entry: e}
	returns := false
	defer func() {
		w.stop()
		if !returns {
			q.desert(e)
		}
	}()
	for {
		over, err := q.step(ctx, &w)
		if over {
			returns = true
			return err
		}
		w.wait(ctx)
	}
}

// step does what is to be done about a call that waits.
func (q *Queue[C]) step(ctx context.Context, w *waiter[C]) (over bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := w.entry
	w.was = e.state
	w.behind(q.flight)
	switch {
	case e.state == done || e.state == leads:
		return true, nil
	case e.state == queued && q.refusal != nil:
		q.leave(e)
		return true, q.refusal
	case ctx.Err() == nil && !w.impatient():
		return false, nil
	case e.state == taken:
		// The caller still waits: what it has handed over is in use until the group has ended.
		if ctx.Err() != nil && !w.cancelled {
			w.cancelled = true
			e.flight.cancel()
		}
		return false, nil
	case ctx.Err() != nil:
		q.leave(e)
		return true, ctx.Err()
	default:
		q.leave(e)
		q.launch(e)
		return true, nil
	}
}

// desert notes that the caller does not wait any more, as it was ended by a panic: a simulated
// task is where it is taken down. Nobody else must wait for it to lead.
func (q *Queue[C]) desert(e *entry[C]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e.deserted = true
	switch e.state {
	case queued:
		q.leave(e)
	case leads:
		q.next(e.flight)
	case taken, done: // who carries it out does without the caller
	}
}

// leave takes a call out of the queue.
func (q *Queue[C]) leave(e *entry[C]) {
	at := slices.Index(q.waiting, e)
	q.waiting = slices.Delete(q.waiting, at, at+1)
}

// waiter is a caller that waits.
type waiter[C Call] struct {
	queue *Queue[C]
	entry *entry[C]
	// was is how far the call had come when it was last looked at.
	was state
	// cancelled: the group was told that the context has ended.
	cancelled bool
	// flight is the group that it waits for in the queue, left how long it still does.
	flight *flight[C]
	left   time.Duration
	timer  *time.Timer
}

// behind notes which group is waited for: each is given as much time.
func (w *waiter[C]) behind(f *flight[C]) {
	if w.flight != f {
		w.stop()
		w.flight, w.left, w.timer = f, w.queue.cfg.Patience, nil
	}
}

// impatient says whether the call has waited long enough.
func (w *waiter[C]) impatient() bool { return w.queue.cfg.Patience > 0 && w.left <= 0 }

// wait returns when something may have changed.
func (w *waiter[C]) wait(ctx context.Context) {
	if !w.simulated(ctx) {
		w.block(ctx)
	}
}

// simulated waits as a simulated task does. It says whether the caller is one.
func (w *waiter[C]) simulated(ctx context.Context) bool {
	q, e, was := w.queue, w.entry, w.was
	ready := func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return e.state != was || ctx.Err() != nil && !w.cancelled || e.state == queued && q.refusal != nil
	}
	if timed, ok := yield.From(ctx).(yield.TimedTask); ok && was == queued && w.left > 0 {
		w.left = timed.WaitFor(q.cfg.Name, w.left, ready)
		return true
	}
	return yield.Wait(ctx, q.cfg.Name, ready)
}

// block waits as a goroutine does.
func (w *waiter[C]) block(ctx context.Context) {
	var impatient <-chan time.Time
	if w.left > 0 {
		if w.timer == nil {
			w.timer = time.NewTimer(w.left) //nolint:forbidigo // simulated callers wait in the run's time
		}
		impatient = w.timer.C
	}
	ended := ctx.Done()
	if w.cancelled {
		ended = nil
	}
	select {
	case <-w.entry.changed:
	case <-ended:
	case <-impatient:
		w.left = 0
	}
}

func (w *waiter[C]) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}
