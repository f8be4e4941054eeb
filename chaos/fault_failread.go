package chaos

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// failRead fails in place of the next event or in place of the end: a connection
// can be lost there too, and a client must not take that for the end. In a stream
// with fewer events it does not fire.
func failRead() behaviour {
	return behaviour{
		info: KindInfo{
			Kind:       FailRead,
			Doc:        "The connection is lost while events are streamed.",
			Operations: onReads(),
			Streamed:   true,
		},
		read: func(ctx context.Context, s *strike, r *reading, yield pushread.Consumer) {
			for event, err := range r.steps(ctx) {
				if err == nil && r.events == s.fault.After+1 && s.fire(ctx) {
					yield(eventcore.Recorded{}, s.failure(eventcore.OutcomeUnknown))
					return
				}
				if !yield(event, err) {
					return
				}
			}
			if r.end == ended && r.events == s.fault.After && s.fire(ctx) {
				yield(eventcore.Recorded{}, s.failure(eventcore.OutcomeUnknown))
			}
		},
		within: func(after int, r *reading) bool {
			return r.events > after || (r.events == after && r.end == ended)
		},
	}
}
