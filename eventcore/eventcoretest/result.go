package eventcoretest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Result is what a command came to.
type Result[E any] struct {
	tb      TB
	codec   eventcore.Codec
	emitted []emitted
	err     error
}

// Then requires the command to have emitted these events and no others, in this order;
// none if none are named. Events are the same if the codec makes the same type name and
// JSON of them, whatever the order of its fields.
func (r *Result[E]) Then(events ...eventcore.Emit[E]) {
	r.tb.Helper()
	var want []emitted
	for _, event := range events {
		name, data, err := r.codec.Encode(event.Event)
		if err != nil {
			r.tb.Fatalf("then: encode event %+v for stream %q: %v", event.Event, event.Stream, err)
			return
		}
		want = append(want, emitted{event.Stream, eventcore.Proposed{Type: name, Data: data}})
	}
	if r.err != nil {
		r.tb.Fatalf("the command ended with an error: %v\nwanted were\n%s", r.err, indented(text(want)))
		return
	}
	if w, g := text(want), text(r.emitted); w != g {
		r.tb.Fatalf("the command emitted other events (- wanted, + emitted):\n%s", diff(w, g))
	}
}

// ThenError requires the command to have ended with an error in which errors.Is finds
// target, and so to have emitted nothing.
func (r *Result[E]) ThenError(target error) {
	r.tb.Helper()
	switch {
	case target == nil:
		r.tb.Fatalf("ThenError was given no error; use Then for a command that is to succeed")
	case r.err == nil:
		r.tb.Fatalf("the command did not end with the error %q; it emitted\n%s", target, indented(text(r.emitted)))
	case !errors.Is(r.err, target):
		r.tb.Fatalf("the command ended with another error\n  wanted: %v\n     got: %v", target, r.err)
	}
}

// Err returns the error with which the command ended, nil if it emitted its events. It is
// for what [Result.ThenError] cannot tell apart.
func (r *Result[E]) Err() error { return r.err }

// text has one event after the other, fields in order and on lines of their own.
func text(events []emitted) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%s: %s %s\n", e.stream, e.event.Type, normal(e.event.Data))
	}
	if b.Len() == 0 {
		return "no events\n"
	}
	return b.String()
}

// normal returns JSON with its fields in order; numbers keep all their digits.
func normal(data json.RawMessage) string {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return string(data)
	}
	ordered, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return string(data)
	}
	return string(ordered)
}
