package eventcore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

var errNull = errors.New("its JSON is null, which is no event; use {} for an event without data")

// jsonDecoders decode JSON into a T. They are pooled: setting up a json.Decoder, the only
// way to have unknown fields refused, costs more than the decoding of a small event.
type jsonDecoders[T any] struct{ pool sync.Pool }

type jsonDecoder[T any] struct {
	source bytes.Reader
	json   *json.Decoder
	// value is decoded into and copied out, so that an event is allocated once.
	value T
}

// decode returns the T that data spells. Data that T has no place for is an error:
// a state without it would be wrong, and silently so. So is anything after the value.
func (p *jsonDecoders[T]) decode(data json.RawMessage) (any, error) {
	d, _ := p.pool.Get().(*jsonDecoder[T])
	if d == nil {
		d = &jsonDecoder[T]{}
		d.json = json.NewDecoder(&d.source)
		d.json.DisallowUnknownFields()
	}
	d.source.Reset(data)
	start := d.json.InputOffset()
	if err := d.json.Decode(&d.value); err != nil {
		// This decoder is not used again: it may hold the rest of the data.
		return nil, explained(err)
	}
	used := int(d.json.InputOffset() - start)
	if used < len(data) {
		if rest := bytes.TrimLeft(data[used:], " \t\r\n"); len(rest) > 0 {
			return nil, fmt.Errorf("there is more after the JSON value: %.40q", rest)
		}
	}
	if isNull(data) {
		return nil, errNull
	}
	event := any(d.value)
	var empty T
	d.value = empty
	if used == len(data) {
		d.source.Reset(nil) // the pool must not keep the store's bytes alive
		p.pool.Put(d)
	}
	return event, nil
}

// explained says of an early end what it is; encoding/json calls it EOF.
func explained(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON is empty or cut off")
	}
	return err
}

func isNull(data json.RawMessage) bool {
	return string(bytes.TrimSpace(data)) == "null"
}
