package eventcore

import (
	"context"
	"fmt"
	"iter"
	"reflect"
)

// Read yields the events of a stream after a version with their payloads decoded to
// E, as lazily as [Store.ReadStream] does. An event that cannot be decoded, or is not
// an E, is yielded in its place with a [*DeserializationFailed], its recorded form
// filled in, and ends the sequence. Breaking out of the loop releases all that the
// store holds.
func Read[E any](ctx context.Context, store Store, codec Codec, id StreamID, after Version) iter.Seq2[Event[E], error] {
	return func(yield func(Event[E], error) bool) {
		for recorded, err := range store.ReadStream(ctx, id, after) {
			if err != nil {
				yield(Event[E]{}, err)
				return
			}
			event, err := decode[E](codec, &recorded)
			if !yield(event, err) || err != nil {
				return
			}
		}
	}
}

// decode returns the event with its payload, or with none and the error.
func decode[E any](codec Codec, recorded *Recorded) (Event[E], error) {
	payload, err := decodeTo[E](codec, recorded)
	if err == nil {
		return Event[E]{Recorded: *recorded, Payload: payload}, nil
	}
	return Event[E]{Recorded: *recorded}, &DeserializationFailed{
		Stream: recorded.Stream, Version: recorded.Version, Type: recorded.Type, Err: err,
	}
}

// decodeTo returns the payload as an E.
func decodeTo[E any](codec Codec, recorded *Recorded) (payload E, err error) {
	if typed, ok := codec.(CodecOf[E]); ok {
		return typed.DecodeTo(recorded.Type, recorded.Data)
	}
	event, err := codec.Decode(recorded.Type, recorded.Data)
	if err != nil {
		return payload, err
	}
	payload, ok := event.(E)
	if !ok {
		return payload, fmt.Errorf("it is a %T, not a %v", event, reflect.TypeFor[E]())
	}
	return payload, nil
}
