package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// everything reads the global order from its beginning.
func (s *subject) everything(ctx context.Context) ([]eventcore.Recorded, error) {
	return s.readAll(ctx, eventcore.Filter{}, eventcore.Position{}, 0)
}

// spread appends so many events over three streams in batches of different shapes and
// returns the global order as the store tells it.
func (s *subject) spread(ctx context.Context, count int) ([]eventcore.Recorded, error) {
	streams := []eventcore.StreamID{id("a"), id("b"), id("c")}
	at := make([]eventcore.Version, len(streams))
	for n := 0; n < count; {
		first, second := n%3, (n+1)%3
		parts := []part{writes(streams[first], at[first], 1)}
		at[first]++
		n++
		if n%2 == 0 && n < count {
			parts = append(parts, writes(streams[second], at[second], 1))
			at[second]++
			n++
		}
		if _, err := s.given(ctx, parts...); err != nil {
			return nil, err
		}
	}
	all, err := s.everything(ctx)
	if err == nil && len(all) != count {
		err = fmt.Errorf("got %d events in the global order, want the %d that were appended", len(all), count)
	}
	return all, err
}

// sameEvents compares events by ID.
func sameEvents(what string, got, want []eventcore.Recorded) error {
	if !slices.EqualFunc(got, want, func(g, w eventcore.Recorded) bool { return g.ID == w.ID }) {
		return fmt.Errorf("%s: got %s, want %s", what, list(got), list(want))
	}
	return nil
}

// list names events by stream and version.
func list(events []eventcore.Recorded) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d events", len(events))
	for i := range events {
		if i == 12 {
			text.WriteString(" …")
			break
		}
		fmt.Fprintf(&text, " %s@%d", events[i].Stream, events[i].Version)
	}
	return text.String()
}

func checkAllEmpty(ctx context.Context, s *subject) error {
	for _, limit := range []int{0, 10} {
		got, err := s.readAll(ctx, eventcore.Filter{}, eventcore.Position{}, limit)
		if err = errors.Join(err, sameEvents("an empty store", got, nil)); err != nil {
			return err
		}
	}
	return nil
}

func checkAllComplete(ctx context.Context, s *subject) error {
	want := make(map[eventcore.EventID]bool)
	for n := range 12 {
		batch, err := s.given(ctx, writes(id(fmt.Sprintf("s-%d", n%5)), eventcore.Version(n/5*300), 300), reads(id("none"), 0))
		if err != nil {
			return err
		}
		for _, w := range batch.writes.Events() {
			want[w.Event.ID] = true
		}
	}
	all, err := s.everything(ctx)
	if err != nil {
		return err
	}
	for _, e := range all {
		if !want[e.ID] {
			return fmt.Errorf("got event %s, %s@%d, which is there twice or was never appended", e.ID, e.Stream, e.Version)
		}
		delete(want, e.ID)
	}
	if len(want) > 0 {
		return fmt.Errorf("got %d events, want %d more", len(all), len(want))
	}
	return nil
}

func checkPositionsGrow(ctx context.Context, s *subject) error {
	all, err := s.spread(ctx, 40)
	if err != nil {
		return err
	}
	var last eventcore.Position
	for _, e := range all {
		if e.Position.Compare(last) <= 0 {
			return fmt.Errorf("%s@%d: got position %s after position %s, want a greater one", e.Stream, e.Version, e.Position, last)
		}
		last = e.Position
	}
	return nil
}

// checkAllInAppendOrder reads after each append: its events must come at the end.
func checkAllInAppendOrder(ctx context.Context, s *subject) error {
	var want []eventcore.EventID
	var at [3]eventcore.Version
	for n := range 20 {
		i := (n * 2) % 3 // c before b: neither the streams' names nor their making are the order
		stream := id([]string{"b", "c", "a"}[i])
		batch, err := s.given(ctx, writes(stream, at[i], 1+n%2))
		if err != nil {
			return err
		}
		at[i] += eventcore.Version(1 + n%2)
		for _, e := range batch.to(stream) {
			want = append(want, e.ID)
		}
		all, err := s.everything(ctx)
		if err != nil {
			return err
		}
		if !slices.EqualFunc(all, want, func(e eventcore.Recorded, id eventcore.EventID) bool { return e.ID == id }) {
			return fmt.Errorf("after append %d: got %s, want %d events in the order of the appends", n+1, list(all), len(want))
		}
	}
	return nil
}

func checkAllBatchOrder(ctx context.Context, s *subject) error {
	if _, err := s.given(ctx, writes(id("z"), 0, 2)); err != nil {
		return err
	}
	batch, err := s.interleaved(ctx)
	if err != nil {
		return err
	}
	if _, err := s.given(ctx, writes(id("a"), 3, 2)); err != nil {
		return err
	}
	all, err := s.everything(ctx)
	if err != nil {
		return err
	}
	for i, w := range batch.writes.Events() {
		if len(all) < 2+len(batch.writes.Events()) || all[2+i].ID != w.Event.ID {
			return fmt.Errorf("got %s, want z@1 z@2 and then a@1 b@1 b@2 a@2 c@1 a@3 b@3, the order of the batch", list(all))
		}
	}
	return nil
}

func checkAllSameEvents(ctx context.Context, s *subject) error {
	batch, err := s.batch(reads(id("a"), 0), reads(id("b"), 0))
	for n, data := range awkwardJSON() {
		e := s.event(data)
		if n%2 == 0 {
			e.Metadata = e.Data
		}
		err = errors.Join(err, batch.Append(id([]string{"a", "b"}[n%2]), e))
	}
	if err != nil {
		return err
	}
	if _, err := s.store.Append(ctx, batch); err != nil {
		return err
	}
	all, err := s.everything(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{"a", "b"} {
		events, err := s.read(ctx, id(name), 0)
		if err != nil {
			return err
		}
		others := slices.DeleteFunc(slices.Clone(all), func(e eventcore.Recorded) bool { return e.Stream != id(name) })
		if err := sameEvents(fmt.Sprintf("events of %q in the global order", name), others, events); err != nil {
			return err
		}
		for i := range events {
			if err := equal(&others[i], &events[i]); err != nil {
				return fmt.Errorf("in the global order, compared with stream %q: %w", name, err)
			}
		}
	}
	return nil
}

func checkAllWithoutRefused(ctx context.Context, s *subject) error {
	before, err := s.spread(ctx, 6) // a at 2, b at 2, c at 2
	if err != nil {
		return err
	}
	for _, parts := range [][]part{
		{writes(id("a"), 2, 2), writes(id("b"), 1, 1)},
		{writes(id("b"), 1, 1), writes(id("a"), 2, 2)},
		{writes(id("d"), 0, 1), reads(id("c"), 0)},
	} {
		if _, err := s.append(ctx, parts...); err == nil {
			return fmt.Errorf("append %s: %w", describe(parts), refused(err))
		}
		after, err := s.everything(ctx)
		if err = errors.Join(err, sameEvents("after a refused append", after, before)); err != nil {
			return err
		}
	}
	return nil
}
