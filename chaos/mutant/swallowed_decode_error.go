package mutant

import (
	"context"
	"errors"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func swallowedDecodeError() Mutant {
	return Mutant{
		Name:        "swallowed-decode-error",
		Doc:         "An event that cannot be decoded is taken for the end of the read.",
		Layer:       Client,
		NeedsFaults: []string{"decode-error"},
		Wrap: func(inner eventcore.Store) eventcore.Store {
			return plant(inner, bug{
				readStream: func(ctx context.Context, inner eventcore.Store, id eventcore.StreamID, after eventcore.Version) events {
					return untilDecodeError(inner.ReadStream(ctx, id, after))
				},
				readAll: func(ctx context.Context, inner eventcore.AllReader, filter eventcore.Filter, after eventcore.Position, limit int) events {
					return untilDecodeError(inner.ReadAll(ctx, filter, after, limit))
				},
			})
		},
	}
}

func untilDecodeError(inner events) events {
	return func(yield func(eventcore.Recorded, error) bool) {
		for event, err := range inner {
			if _, undecodable := errors.AsType[*eventcore.DeserializationFailed](err); undecodable {
				return
			}
			if !yield(event, err) {
				return
			}
		}
	}
}
