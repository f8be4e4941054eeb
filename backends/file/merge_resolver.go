package file

import (
	"context"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// TypedFork is a [Fork] whose events are decoded.
type TypedFork[E any] struct {
	Transactions []eventcore.EventID
	Streams      []TypedForkedStream[E]
}

// TypedForkedStream is a [ForkedStream] whose events are decoded.
type TypedForkedStream[E any] struct {
	Stream   eventcore.StreamID
	Base     eventcore.Version
	Branches [][]E
}

// Typed makes a [Resolver] of one for events of type E. An event that the codec cannot
// decode ends Reconcile with [*eventcore.DeserializationFailed].
func Typed[E any](codec eventcore.Codec, resolve func(context.Context, TypedFork[E]) ([]eventcore.Emit[E], error)) Resolver {
	return func(ctx context.Context, fork Fork) ([]Settling, error) {
		typed := TypedFork[E]{Transactions: fork.Transactions}
		for _, s := range fork.Streams {
			t := TypedForkedStream[E]{Stream: s.Stream, Base: s.Base}
			for _, branch := range s.Branches {
				events, err := decoded[E](codec, branch)
				if err != nil {
					return nil, err
				}
				t.Branches = append(t.Branches, events)
			}
			typed.Streams = append(typed.Streams, t)
		}
		emits, err := resolve(ctx, typed)
		if err != nil {
			return nil, err
		}
		settling := make([]Settling, 0, len(emits))
		for _, emit := range emits {
			name, data, err := codec.Encode(emit.Event)
			if err != nil {
				return nil, &eventcore.SerializationFailed{Stream: emit.Stream, Type: name, Err: err}
			}
			settling = append(settling, Settling{Stream: emit.Stream, Event: eventcore.Proposed{Type: name, Data: data}})
		}
		return settling, nil
	}
}

func decoded[E any](codec eventcore.Codec, branch []eventcore.Recorded) ([]E, error) {
	events := make([]E, 0, len(branch))
	for i := range branch {
		r := &branch[i]
		value, err := codec.Decode(r.Type, r.Data)
		event, ok := value.(E)
		if err == nil && !ok {
			err = fmt.Errorf("the codec has returned a %T", value)
		}
		if err != nil {
			return nil, &eventcore.DeserializationFailed{Stream: r.Stream, Version: r.Version, Type: r.Type, Err: err}
		}
		events = append(events, event)
	}
	return events, nil
}
