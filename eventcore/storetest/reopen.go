package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func reopenRules() []requirement {
	return []requirement{
		needing(rule("R-REOPEN-01", "a store that is opened again has the same events: bytes, versions, types, times, positions",
			"What was recorded is a fact; a fact that changes with a restart was never one.",
			checkReopenKeepsEvents), needsReopen),
		needing(rule("R-REOPEN-02", "a store that is opened again refuses and accepts the same expected versions",
			"Versions counted in memory begin anew, and the first command after a restart overwrites or conflicts for ever.",
			checkReopenKeepsVersions), needsReopen),
		needing(rule("R-REOPEN-03", "a cursor from before goes on in a store that is opened again: each event once, in order",
			"Projections keep their position for years; a global order that starts anew is never read by them.",
			checkReopenKeepsCursors), needsReopen, needsAllReader),
	}
}

// varied appends events with awkward data, metadata and types to two streams, in one
// batch and in batches of their own.
func (s *subject) varied(ctx context.Context) error {
	streams := []eventcore.StreamID{id("a"), id("ö/😀'%")}
	at := make([]eventcore.Version, len(streams))
	for n, data := range awkwardJSON() {
		w, err := s.batch(reads(streams[0], at[0]), reads(streams[1], at[1]))
		for i := range 1 + n%3 {
			e := s.event(data)
			if n%2 == 1 {
				e.Metadata = json.RawMessage(data)
			}
			e.Type = fmt.Sprintf("Größe %d", n)
			err = errors.Join(err, w.Append(streams[(n+i)%2], e))
			at[(n+i)%2]++
		}
		if err != nil {
			return err
		}
		if _, err := s.store.Append(ctx, w); err != nil {
			return fmt.Errorf("batch %d: %w", n+1, err)
		}
	}
	w, err := s.batch(reads(id("long"), 0))
	e := s.event(`"` + strings.Repeat("0123456789", 20_000) + `"`)
	if err = errors.Join(err, w.Append(id("long"), e)); err != nil {
		return err
	}
	_, err = s.store.Append(ctx, w)
	return err
}

// recorded returns all events of the streams of varied, and the global order behind them
// where there is one.
func (s *subject) recorded(ctx context.Context) ([]eventcore.Recorded, error) {
	var events []eventcore.Recorded
	for _, name := range []string{"a", "ö/😀'%", "long"} {
		part, err := s.read(ctx, id(name), 0)
		if err != nil {
			return nil, err
		}
		if len(part) == 0 {
			return nil, fmt.Errorf("got no events of %q, want those that were appended", name)
		}
		events = append(events, part...)
	}
	if s.all == nil {
		return events, nil
	}
	all, err := s.everything(ctx)
	return append(events, all...), err
}

func checkReopenKeepsEvents(ctx context.Context, s *subject) error {
	if err := s.varied(ctx); err != nil {
		return err
	}
	want, err := s.recorded(ctx)
	if err != nil {
		return err
	}
	for round := range 2 {
		if err := s.reopen(ctx); err != nil {
			return err
		}
		got, err := s.recorded(ctx)
		if err = errors.Join(err, sameEvents("opened again", got, want)); err != nil {
			return err
		}
		for i := range want {
			if err := equal(&got[i], &want[i]); err != nil {
				return fmt.Errorf("opened again for the %d. time: %w", round+1, err)
			}
		}
	}
	return nil
}

func checkReopenKeepsVersions(ctx context.Context, s *subject) error {
	a, b := id("a"), id("b")
	var batches []sent
	for round := range eventcore.Version(3) {
		next, err := s.given(ctx, writes(a, round*4, 3), reads(id("empty"), 0), writes(b, round, 1))
		if err != nil {
			return err
		}
		if _, err := s.append(ctx, writes(a, round*4+3, 2), reads(b, round)); err == nil {
			return fmt.Errorf("before the store is closed: %w", refused(err))
		}
		if err := s.reopen(ctx); err != nil {
			return err
		}
		batches = append(batches, next)
		for _, parts := range [][]part{
			{writes(a, 0, 1)},
			{writes(a, round*4+2, 1)},
			{writes(a, round*4+4, 1)},
			{writes(id("c"), 0, 1), reads(b, round)},
			{writes(id("empty"), 1, 1)},
			{reads(a, round*4)},
		} {
			if _, err := s.append(ctx, parts...); refused(err) != nil {
				return fmt.Errorf("opened again, append %s: %w", describe(parts), refused(err))
			}
		}
		if next, err = s.given(ctx, writes(a, round*4+3, 1), reads(b, round+1), reads(id("empty"), 0)); err != nil {
			return fmt.Errorf("opened again: %w", err)
		}
		batches = append(batches, next)
	}
	return errors.Join(s.holds(ctx, a, batches...), s.holds(ctx, b, batches...), s.holds(ctx, id("empty")), s.holds(ctx, id("c")))
}

// checkReopenKeepsCursors reads a page, and reopens, now before and now after more is
// appended.
func checkReopenKeepsCursors(ctx context.Context, s *subject) error {
	var seen []eventcore.Recorded
	var after eventcore.Position
	for round := range eventcore.Version(6) {
		if _, err := s.given(ctx, writes(id("a"), round*2, 2), writes(id("b"), round, 1)); err != nil {
			return err
		}
		if round%2 == 0 {
			if err := s.reopen(ctx); err != nil {
				return err
			}
		}
		got, err := s.readAll(ctx, eventcore.Filter{}, after, 2)
		if err == nil && len(got) != 2 {
			err = fmt.Errorf("round %d, after position %s with limit 2: got %s, want 2", round+1, after, list(got))
		}
		if err != nil {
			return err
		}
		seen, after = append(seen, got...), got[1].Position
		if round%2 == 1 {
			if err := s.reopen(ctx); err != nil {
				return err
			}
		}
	}
	rest, err := s.readAll(ctx, eventcore.Filter{}, after, 0)
	if err != nil {
		return err
	}
	return s.resumesAtEnd(ctx, slices.Concat(seen, rest))
}

// resumesAtEnd says whether a cursor that has seen all events goes on behind the last
// of them once the store was opened again.
func (s *subject) resumesAtEnd(ctx context.Context, seen []eventcore.Recorded) error {
	if err := s.reopen(ctx); err != nil {
		return err
	}
	late := id("late")
	batch, err := s.given(ctx, writes(late, 0, 2))
	if err != nil {
		return err
	}
	got, err := s.readAll(ctx, eventcore.Filter{}, seen[len(seen)-1].Position, 0)
	if err = errors.Join(err, same("after the last position from before the store was opened again", got, batch.to(late), 1)); err != nil {
		return err
	}
	all, err := s.everything(ctx)
	return errors.Join(err, sameEvents("what the cursor saw, compared with the order in the end", slices.Concat(seen, got), all))
}
