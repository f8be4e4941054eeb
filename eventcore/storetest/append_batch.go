package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func checkVersionsCount(ctx context.Context, s *subject) error {
	a := id("a")
	var batches []sent
	var at eventcore.Version
	for _, n := range []int{1, 3, 1, 2} {
		b, err := s.given(ctx, writes(a, at, n))
		if err != nil {
			return err
		}
		batches, at = append(batches, b), at+eventcore.Version(n)
	}
	return s.holds(ctx, a, batches...)
}

func checkWholeBatch(ctx context.Context, s *subject) error {
	a, b, c := id("a"), id("b"), id("c")
	first, err := s.given(ctx, writes(a, 0, 2), writes(b, 0, 1), writes(c, 0, 3))
	if err != nil {
		return err
	}
	second, err := s.given(ctx, writes(c, 3, 1), writes(a, 2, 2), reads(b, 1))
	if err != nil {
		return err
	}
	return errors.Join(s.holds(ctx, a, first, second), s.holds(ctx, b, first, second), s.holds(ctx, c, first, second))
}

// interleaved appends a batch whose events go to the streams a, b, b, a, c, a, b.
func (s *subject) interleaved(ctx context.Context) (sent, error) {
	w, err := s.batch(reads(id("a"), 0), reads(id("b"), 0), reads(id("c"), 0))
	for _, name := range []string{"a", "b", "b", "a", "c", "a", "b"} {
		err = errors.Join(err, w.Append(id(name), s.event(`{}`)))
	}
	if err != nil {
		return sent{}, err
	}
	appended, err := s.store.Append(ctx, w)
	if err != nil {
		err = fmt.Errorf("append a batch whose streams take turns: %w", err)
	}
	return sent{w, appended}, err
}

func checkInterleaved(ctx context.Context, s *subject) error {
	batch, err := s.interleaved(ctx)
	if err != nil {
		return err
	}
	return errors.Join(s.holds(ctx, id("a"), batch), s.holds(ctx, id("b"), batch), s.holds(ctx, id("c"), batch))
}

func checkLargeBatch(ctx context.Context, s *subject) error {
	parts := []part{writes(id("large"), 0, 5000)}
	for n := range 50 {
		parts = append(parts, writes(id(fmt.Sprintf("many-%d", n)), 0, 2))
	}
	batch, err := s.append(ctx, parts...)
	if err != nil {
		return fmt.Errorf("append of 5,100 events to 51 streams: %w", err)
	}
	for _, p := range parts {
		err = errors.Join(err, s.holds(ctx, p.stream, batch))
	}
	return err
}

func checkBatchUnchanged(ctx context.Context, s *subject) error {
	parts := []part{writes(id("b"), 0, 2), reads(id("c"), 0), writes(id("a"), 0, 2)}
	w, err := s.batch(parts...)
	if err != nil {
		return err
	}
	participants, events := slices.Clone(w.Participants()), slices.Clone(w.Events())
	var data []string
	for i := range events {
		data = append(data, string(events[i].Event.Data))
	}
	if _, err := s.store.Append(ctx, w); err != nil {
		return fmt.Errorf("append %s: %w", describe(parts), err)
	}
	if !slices.Equal(w.Participants(), participants) {
		return fmt.Errorf("got participants %v after the append, want %v as before", w.Participants(), participants)
	}
	for i, after := range w.Events() {
		before := events[i]
		if after.Participant != before.Participant || after.Event.ID != before.Event.ID || after.Event.Type != before.Event.Type || string(after.Event.Data) != data[i] {
			return fmt.Errorf("event %d of the batch: got %s with data %s after the append, want %s with %s as before",
				i+1, after.Event.ID, after.Event.Data, before.Event.ID, data[i])
		}
	}
	return nil
}

func checkBatchNotKept(ctx context.Context, s *subject) error {
	a := id("a")
	data, metadata := []byte(`{"amount":100}`), []byte(`{"by":"me"}`)
	event := s.event("")
	event.Data, event.Metadata = bytes.Clone(data), bytes.Clone(metadata)
	w, err := s.batch(reads(a, 0))
	if err = errors.Join(err, w.Append(a, event)); err != nil {
		return err
	}
	if _, err := s.store.Append(ctx, w); err != nil {
		return err
	}
	// The slices of the batch itself and the bytes behind its events.
	for i := range event.Data {
		event.Data[i] = 'x'
	}
	for i := range event.Metadata {
		event.Metadata[i] = 'x'
	}
	w.Events()[0].Event = s.event(`{}`)
	w.Participants()[0].Stream = id("b")
	got, err := s.read(ctx, a, 0)
	if err != nil {
		return err
	}
	if len(got) != 1 || got[0].ID != event.ID || !bytes.Equal(got[0].Data, data) || !bytes.Equal(got[0].Metadata, metadata) {
		return fmt.Errorf("got %v after the caller used its slices again, want one event with data %s and metadata %s", got, data, metadata)
	}
	return nil
}
