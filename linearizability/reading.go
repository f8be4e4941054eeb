package linearizability

import (
	"sync/atomic"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// reading is an iteration under way. It is used again for another one later: a
// closure for each would be most of what recording a read costs.
type reading struct {
	log     *clientLog
	stamp   *atomic.Int64
	op      *Operation
	limit   int
	consume pushread.Consumer
	// body is next as a function value.
	body pushread.Consumer
	// seen is this iteration's own memory until it has ended: others may begin meanwhile.
	seen  []Seen
	ended bool
}

// startReading returns what passes one iteration on to consume and records it as
// op.
func (l *clientLog) startReading(r *Recorder, op *Operation, consume pushread.Consumer) *reading {
	var it *reading
	if n := len(l.idle); n > 0 {
		it, l.idle = l.idle[n-1], l.idle[:n-1]
	} else {
		it = &reading{log: l}
		it.body = it.next
	}
	it.stamp, it.op, it.limit, it.consume, it.ended = &r.stamp, op, op.Limit, consume, false
	// Until it has ended a read has failed: the loop's body may never come back.
	op.End = Failed
	return it
}

// over notes that the store has come to the end.
func (it *reading) over() {
	switch {
	case it.ended:
	case it.limit > 0 && len(it.seen) >= it.limit:
		it.end(Stopped, nil)
	default:
		it.end(Complete, nil)
	}
}

// next is the body of the loop over the store's events.
func (it *reading) next(event eventcore.Recorded, err error) bool {
	switch {
	case it.ended:
		// The store goes on although it was told to stop; the client's loop panics.
		return it.consume(event, err)
	case err != nil:
		it.end(Failed, err)
		it.consume(event, err)
		return false
	}
	it.add(&event)
	if !it.consume(event, nil) {
		it.end(Stopped, nil)
		return false
	}
	return true
}

// add keeps an event. The operation shows it at once: a client that is given up in
// the middle of its loop has seen it.
func (it *reading) add(e *eventcore.Recorded) {
	it.seen = append(it.seen, Seen{e.ID, e.Stream, e.Version, e.Position})
	it.op.Seen = it.seen
}

func (it *reading) end(end End, err error) {
	it.op.Return, it.op.End, it.op.Err = it.stamp.Add(1), end, err
	it.ended = true
}

// finish runs after a panic of the loop's body too: the read then never returned.
func (it *reading) finish() {
	seen := &it.log.seen
	it.op.Seen = seen.keep(append(seen.take(len(it.seen)), it.seen...))
	it.op, it.consume, it.seen = nil, nil, it.seen[:0]
	it.log.idle = append(it.log.idle, it)
}
