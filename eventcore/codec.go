package eventcore

import "encoding/json"

// Codec turns events into type names and JSON and back. It is safe for concurrent
// use. [Registry] is the usual one.
type Codec interface {
	// Encode returns the type name and the JSON of event.
	Encode(event any) (typeName string, data json.RawMessage, err error)
	// Decode returns the event that typeName and data stand for. It does not keep
	// or change data.
	Decode(typeName string, data json.RawMessage) (any, error)
}

// CodecOf is a [Codec] that can decode to E without making an interface value of each event,
// which is an allocation. [Read], commands and projections whose events are an E use it where
// their codec is one.
type CodecOf[E any] interface {
	Codec
	// DecodeTo returns the same event, or the same error, as Decode.
	DecodeTo(typeName string, data json.RawMessage) (E, error)
}
