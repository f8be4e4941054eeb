package chaos

import (
	"context"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// reading is one iteration of a read: what was asked for, and what came of it.
type reading struct {
	op eventcore.Operation

	store eventcore.Store // of a ReadStream
	id    eventcore.StreamID
	after eventcore.Version

	all      eventcore.AllReader // of a ReadAll
	filter   eventcore.Filter
	position eventcore.Position
	limit    int

	// events is the number of events that the store has yielded.
	events int
	end    ending
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

// open starts the read of the store.
func (r *reading) open(ctx context.Context) iter.Seq2[eventcore.Recorded, error] {
	if r.op == eventcore.OpReadAll {
		return r.all.ReadAll(ctx, r.filter, r.position, r.limit)
	}
	return r.store.ReadStream(ctx, r.id, r.after)
}

// run reads from the store and counts.
func (r *reading) run(ctx context.Context, yield consumer) {
	for event, err := range r.open(ctx) {
		if err != nil {
			r.end = failed
			yield(event, err)
			return
		}
		r.events++
		if !yield(event, nil) {
			return
		}
	}
	r.end = ended
}

// steps returns what run reads as a sequence.
func (r *reading) steps(ctx context.Context) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) { r.run(ctx, yield) }
}
