package mutant

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// page is small so that streams of a short run are longer.
const page = 8

func earlyEnd() Mutant {
	return Mutant{
		Name:  "early-end",
		Doc:   "A read of a stream ends without an error after its first page of 8 events.",
		Layer: Backend,
		Wrap: func(inner eventcore.Store) eventcore.Store {
			return plant(inner, bug{readStream: readOnePage})
		},
	}
}

func readOnePage(ctx context.Context, inner eventcore.Store, id eventcore.StreamID, after eventcore.Version) events {
	return func(yield func(eventcore.Recorded, error) bool) {
		n := 0
		for event, err := range inner.ReadStream(ctx, id, after) {
			if !yield(event, err) {
				return
			}
			if n++; n == page {
				return
			}
		}
	}
}
