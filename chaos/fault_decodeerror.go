package chaos

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// decodeError needs an event to spoil: in a stream with fewer events it does not
// fire.
func decodeError() behaviour {
	return behaviour{
		info: KindInfo{
			Kind:       DecodeError,
			Doc:        "A recorded event cannot be decoded, because it is damaged or of a type this version does not know.",
			Operations: onReads(),
			Streamed:   true,
		},
		read: func(ctx context.Context, s *strike, r *reading, yield pushread.Consumer) {
			for event, err := range r.steps(ctx) {
				if err == nil && r.events == s.fault.After+1 && s.fire(ctx) {
					yield(eventcore.Recorded{}, &eventcore.DeserializationFailed{
						Stream: event.Stream, Version: event.Version, Type: event.Type,
						Err: &injected{kind: DecodeError},
					})
					return
				}
				if !yield(event, err) {
					return
				}
			}
		},
		within: func(after int, r *reading) bool { return r.events > after },
	}
}
