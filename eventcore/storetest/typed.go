package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func typedRules() []requirement {
	return []requirement{
		rule("R-TYPED-01", "a typed read decodes each event to what was encoded",
			"Commands see events through a codec; what the store changes shows there as another state.",
			checkTypedRead),
		rule("R-TYPED-02", "an event whose data does not decode is yielded as an error in its place, after the events before it",
			"A store that leaves out or stumbles over what it cannot make sense of gives a state that is wrong and looks right.",
			checkBadData),
		rule("R-TYPED-03", "an event of an unknown type is yielded as an error in its place, after the events before it",
			"An old reader meets the events of a newer writer; it must stop there and not go on without them.",
			checkUnknownType),
		rule("R-TYPED-04", "a read that ends in a decode error holds nothing",
			"The error comes in the middle of the stream, where rows are still open.",
			checkDecodeErrorReleases),
	}
}

// counted is the event that the typed reads expect.
type counted struct {
	N    int    `json:"n"`
	Text string `json:"text"`
}

// unread is an event that they do not.
type unread struct {
	At string `json:"at"`
}

const countedName = "storetest.counted"

func newRegistry() (*eventcore.Registry, error) {
	r := eventcore.NewRegistry()
	return r, errors.Join(eventcore.Register[counted](r, countedName), eventcore.Register[unread](r, "storetest.unread"))
}

// typedEvents returns events that decode to those of wantCounted.
func (s *subject) typedEvents(codec eventcore.Codec, count int) ([]eventcore.Proposed, error) {
	var events []eventcore.Proposed
	for n := range count {
		name, data, err := codec.Encode(wantCounted(n))
		if err != nil {
			return nil, err
		}
		e := s.event(string(data))
		e.Type = name
		events = append(events, e)
	}
	return events, nil
}

func wantCounted(n int) counted { return counted{N: n, Text: fmt.Sprintf("<é> & %d", n)} }

// typedRead appends a stream of two good events, middle, and two more good ones, and
// returns the error with which its typed read ends, having looked at what comes before.
func (s *subject) typedRead(ctx context.Context, middle ...eventcore.Proposed) error {
	codec, err := newRegistry()
	if err != nil {
		return err
	}
	good, err := s.typedEvents(codec, 4)
	if err != nil {
		return err
	}
	a := id("a")
	w, err := s.batch(reads(a, 0))
	if err = errors.Join(err, w.Append(a, good[:2]...), w.Append(a, middle...), w.Append(a, good[2:]...)); err != nil {
		return err
	}
	if _, err := s.store.Append(ctx, w); err != nil {
		return err
	}
	n := 0
	var failure error
	for e, err := range eventcore.Read[counted](ctx, s.store, codec, a, 0) {
		if failure != nil {
			return fmt.Errorf("got another item after %s, want the end of the sequence", describeError(failure))
		}
		if err != nil {
			failure = err
			continue
		}
		if e.Payload != wantCounted(n) {
			return fmt.Errorf("got payload %+v at version %d, want %+v", e.Payload, e.Version, wantCounted(n))
		}
		n++
	}
	want := len(good)
	if len(middle) > 0 {
		want = 2
	}
	if n != want {
		return fmt.Errorf("got %d events and then %s, want %d events", n, describeError(failure), want)
	}
	return failure
}

func checkTypedRead(ctx context.Context, s *subject) error { return s.typedRead(ctx) }

// decodeError looks at the error of a typed read whose third event cannot be decoded.
func (s *subject) decodeError(err error, bad eventcore.Proposed) error {
	failed, ok := errors.AsType[*eventcore.DeserializationFailed](err)
	if !ok {
		return fmt.Errorf("got %s, want a *eventcore.DeserializationFailed for the third event", describeError(err))
	}
	if failed.Stream != id("a") || failed.Version != 3 || failed.Type != bad.Type {
		return fmt.Errorf("got a decode error of event %d of %q, type %q; want event 3 of %q, type %q",
			failed.Version, failed.Stream, failed.Type, "a", bad.Type)
	}
	return nil
}

func checkBadData(ctx context.Context, s *subject) error {
	bad := s.event(`"no object"`)
	bad.Type = countedName
	return s.decodeError(s.typedRead(ctx, bad), bad)
}

func checkUnknownType(ctx context.Context, s *subject) error {
	bad := s.event(`{"n":2}`)
	bad.Type = "storetest.not-registered"
	return s.decodeError(s.typedRead(ctx, bad), bad)
}

func checkDecodeErrorReleases(ctx context.Context, s *subject) error {
	bad := s.event(`{"at":"noon"}`)
	bad.Type = "storetest.unread"
	if err := s.decodeError(s.typedRead(ctx, bad), bad); err != nil {
		return err
	}
	codec, err := newRegistry()
	if err != nil {
		return err
	}
	for n := range abandonedReads {
		var last error
		for _, err := range eventcore.Read[counted](ctx, s.store, codec, id("a"), 1) {
			last = err
		}
		if err := s.decodeError(last, bad); err != nil {
			return fmt.Errorf("after %d reads that ended in a decode error: %w", n+1, err)
		}
	}
	if _, err := s.given(ctx, writes(id("a"), 5, 1)); err != nil {
		return fmt.Errorf("after %d reads that ended in a decode error: %w", abandonedReads, err)
	}
	return nil
}
