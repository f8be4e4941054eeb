package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// subject is the store under test and what the checks need to talk to it.
type subject struct {
	store eventcore.Store
	all   eventcore.AllReader // nil: the store has no global order

	options *options
	open    []eventcore.Store // to be closed at the end

	*idSource
}

// idSource makes event IDs for several goroutines of a check.
type idSource struct {
	mu  sync.Mutex
	ids eventcore.IDGenerator
}

func newSubject(store eventcore.Store, o *options) *subject {
	s := &subject{store: store, options: o, open: []eventcore.Store{store}}
	s.all, _ = store.(eventcore.AllReader)
	s.idSource = &idSource{}
	s.ids = eventcore.NewIDGenerator(eventcore.SystemClock{}, rand.New(rand.NewPCG(1, 2)))
	return s
}

// part is a stream's part in a batch.
type part struct {
	stream   eventcore.StreamID
	expected eventcore.Version
	events   int
}

// reads is the part of a stream whose version is checked only.
func reads(stream eventcore.StreamID, expected eventcore.Version) part {
	return part{stream: stream, expected: expected}
}

// writes is the part of a stream that so many events are appended to.
func writes(stream eventcore.StreamID, expected eventcore.Version, events int) part {
	return part{stream: stream, expected: expected, events: events}
}

// event returns an event that no store has seen.
func (s *subject) event(data string) eventcore.Proposed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return eventcore.Proposed{ID: s.ids.NewEventID(), Type: "storetest.happened", Data: json.RawMessage(data)}
}

// batch returns a batch of new events, those of one stream after those of the other.
func (s *subject) batch(parts ...part) (eventcore.Writes, error) {
	var w eventcore.Writes
	for _, p := range parts {
		if err := w.Expect(p.stream, p.expected); err != nil {
			return w, err
		}
		for n := range p.events {
			if err := w.Append(p.stream, s.event(fmt.Sprintf(`{"n":%d}`, n))); err != nil {
				return w, err
			}
		}
	}
	return w, nil
}

// sent is a batch and the store's answer.
type sent struct {
	writes   eventcore.Writes
	appended eventcore.Appended
}

// append appends a batch of new events and returns what the store says to it.
func (s *subject) append(ctx context.Context, parts ...part) (sent, error) {
	w, err := s.batch(parts...)
	if err != nil {
		return sent{}, err
	}
	appended, err := s.store.Append(ctx, w)
	return sent{w, appended}, err
}

// given appends a batch that the store must accept.
func (s *subject) given(ctx context.Context, parts ...part) (sent, error) {
	batch, err := s.append(ctx, parts...)
	if err != nil {
		return batch, fmt.Errorf("append %s: got error %w, want none", describe(parts), err)
	}
	return batch, nil
}

func describe(parts []part) string {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = fmt.Sprintf("%d events to %q expected at %d", p.events, p.stream, p.expected)
	}
	return strings.Join(texts, " and ")
}

// to returns the events of a batch that go to a stream.
func (b *sent) to(id eventcore.StreamID) []eventcore.Proposed {
	var events []eventcore.Proposed
	for _, w := range b.writes.Events() {
		if b.writes.Participants()[w.Participant].Stream == id {
			events = append(events, w.Event)
		}
	}
	return events
}

// read returns the events of a stream after a version.
func (s *subject) read(ctx context.Context, id eventcore.StreamID, after eventcore.Version) ([]eventcore.Recorded, error) {
	events, err := drain(s.store.ReadStream(ctx, id, after))
	if err != nil {
		return events, fmt.Errorf("read %q after %d: %w", id, after, err)
	}
	return events, nil
}

// readAll returns the events of all streams after a position.
func (s *subject) readAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) ([]eventcore.Recorded, error) {
	events, err := drain(s.all.ReadAll(ctx, filter, after, limit))
	if err != nil {
		return events, fmt.Errorf("read all after %s with limit %d: %w", after, limit, err)
	}
	return events, nil
}

// drain returns the events of a sequence and the error that ends it. It goes on
// after the error to see that nothing follows. An error of its own making wraps
// nothing, so that it is not taken for the one that a check wants.
func drain(seq iter.Seq2[eventcore.Recorded, error]) ([]eventcore.Recorded, error) {
	var events []eventcore.Recorded
	var failure error
	for e, err := range seq {
		switch {
		case failure != nil:
			return events, fmt.Errorf("got another item after %s, want the end of the sequence", describeError(failure))
		case err == nil:
			events = append(events, e)
		default:
			failure = err
			if !isZero(&e) {
				return events, fmt.Errorf("%s came with %s, want a zero Recorded", describeError(err), show(&e))
			}
		}
	}
	return events, failure
}

func isZero(e *eventcore.Recorded) bool {
	return e.ID == eventcore.EventID{} && e.Stream.IsZero() && e.Version == 0 && e.Type == "" &&
		e.Data == nil && e.Metadata == nil && e.RecordedAt.IsZero() && e.Position.IsZero()
}

// holds says whether a stream has the events that the batches wrote to it and no
// other, in order and with the versions 1, 2, 3…
func (s *subject) holds(ctx context.Context, id eventcore.StreamID, batches ...sent) error {
	var want []eventcore.Proposed
	for i := range batches {
		want = append(want, batches[i].to(id)...)
	}
	got, err := s.read(ctx, id, 0)
	return errors.Join(err, same(fmt.Sprintf("stream %q", id), got, want, 1))
}

// same says whether got are the events of want, with versions from first on.
func same(what string, got []eventcore.Recorded, want []eventcore.Proposed, first eventcore.Version) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s: got %d events, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i].ID != want[i].ID {
			return fmt.Errorf("%s: got event %s in place %d, want %s", what, got[i].ID, i+1, want[i].ID)
		}
		if version := first + eventcore.Version(i); got[i].Version != version {
			return fmt.Errorf("%s: got version %d for event %s, want %d", what, got[i].Version, got[i].ID, version)
		}
	}
	return nil
}

// refused says whether err is a version conflict.
func refused(err error) error {
	if !errors.Is(err, eventcore.ErrVersionConflict) {
		return fmt.Errorf("got %s, want a version conflict", describeError(err))
	}
	return nil
}

func describeError(err error) string {
	if err == nil {
		return "no error"
	}
	return fmt.Sprintf("error %q", err)
}

// id returns a stream ID for checks, whose names are valid.
func id(name string) eventcore.StreamID { return eventcore.MustStreamID(name) }
