package chaos

import (
	"context"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// reading is one iteration of a read: what was asked for, and what came of it. It is used
// again for another one later: closures for each would cost more than a read in memory.
type reading struct {
	op eventcore.Operation

	streams pushread.Reader // of a ReadStream
	id      eventcore.StreamID
	after   eventcore.Version

	all      pushread.AllReader // of a ReadAll
	filter   eventcore.Filter
	position eventcore.Position
	limit    int

	// events is the number of events that the store has yielded.
	events int
	end    ending

	yield pushread.Consumer
	// body is next as a function value.
	body pushread.Consumer
	// over says that nothing more is wanted.
	over bool
}

// ending is how a read ended.
type ending uint8

const (
	// broken off by the consumer or by a fault.
	broken ending = iota
	// failed with an error of the store.
	failed
	// ended after the last event.
	ended
)

// run reads from the store and counts. It is called once.
func (r *reading) run(ctx context.Context, yield pushread.Consumer) {
	r.yield = yield
	if r.op == eventcore.OpReadAll {
		r.all.PushAll(ctx, r.filter, r.position, r.limit, r.body)
	} else {
		r.streams.PushStream(ctx, r.id, r.after, r.body)
	}
	if !r.over {
		r.end = ended
	}
}

// next is the body of the loop over the store's events.
func (r *reading) next(event eventcore.Recorded, err error) bool {
	switch {
	case r.over:
		panic(pushread.ErrGoesOn)
	case err != nil:
		r.end, r.over = failed, true
		r.yield(event, err)
		return false
	}
	r.events++
	r.over = !r.yield(event, nil)
	return !r.over
}

// steps returns what run reads as a sequence.
func (r *reading) steps(ctx context.Context) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) { r.run(ctx, yield) }
}
