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
	decoder := decoderOf[E](codec)
	return func(yield func(Event[E], error) bool) {
		for recorded, err := range store.ReadStream(ctx, id, after) {
			if err != nil {
				yield(Event[E]{}, err)
				return
			}
			event, err := decoder.decode(&recorded)
			if !yield(event, err) || err != nil {
				return
			}
		}
	}
}

// decoder decodes payloads to E. It is made once for many events: to ask a codec whether it is
// a [CodecOf] takes about as long as to decode a small event.
type decoder[E any] struct {
	codec Codec
	typed CodecOf[E] // nil if the codec is none
}

func decoderOf[E any](codec Codec) decoder[E] {
	typed, _ := codec.(CodecOf[E])
	return decoder[E]{codec, typed}
}

// decode returns the event with its payload, or with none and the error.
func (d *decoder[E]) decode(recorded *Recorded) (Event[E], error) {
	payload, err := d.payload(recorded)
	if err == nil {
		return Event[E]{Recorded: *recorded, Payload: payload}, nil
	}
	return Event[E]{Recorded: *recorded}, &DeserializationFailed{
		Stream: recorded.Stream, Version: recorded.Version, Type: recorded.Type, Err: err,
	}
}

func (d *decoder[E]) payload(recorded *Recorded) (payload E, err error) {
	if d.typed != nil {
		return d.typed.DecodeTo(recorded.Type, recorded.Data)
	}
	event, err := d.codec.Decode(recorded.Type, recorded.Data)
	if err != nil {
		return payload, err
	}
	payload, ok := event.(E)
	if !ok {
		return payload, fmt.Errorf("it is a %T, not a %v", event, reflect.TypeFor[E]())
	}
	return payload, nil
}
