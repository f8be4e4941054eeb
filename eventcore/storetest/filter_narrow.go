package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// typed appends one event of each type to each of two streams.
func (s *subject) typed(ctx context.Context, types ...string) error {
	for n, name := range types {
		for _, stream := range []string{"x-1", "y-1"} {
			w, err := s.batch(reads(id(stream), eventcore.Version(n)))
			e := s.event(`{}`)
			e.Type = name
			if err = errors.Join(err, w.Append(id(stream), e)); err != nil {
				return err
			}
			if _, err := s.store.Append(ctx, w); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkTypes(ctx context.Context, s *subject) error {
	if err := s.typed(ctx, "opened", "Opened", "opened.v2", "closed", "open%", "größe"); err != nil {
		return err
	}
	for _, types := range [][]string{
		{"opened"}, {"closed", "opened"}, {"Opened", "Opened"}, {"open%"}, {"missing"}, {"missing", "größe"}, {"open"}, {""}, nil,
	} {
		if err := s.selectsMatching(ctx, eventcore.Filter{Types: types}); err != nil {
			return err
		}
	}
	return nil
}

// narrow returns filters with more than one field set.
func narrow() ([]eventcore.Filter, error) {
	prefix, err := prefixes("x", "x", "y", "x")
	pattern, err2 := patterns("*1", "y*", "*1", "*1")
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	for i := range prefix {
		prefix[i].Pattern = pattern[i].Pattern
	}
	prefix[2].Types = []string{"opened"}
	prefix[3].Types = []string{"missing"}
	return append(prefix,
		eventcore.Filter{Prefix: prefix[0].Prefix, Types: []string{"closed"}},
		eventcore.Filter{Pattern: pattern[1].Pattern, Types: []string{"closed", "opened"}}), nil
}

func checkCombined(ctx context.Context, s *subject) error {
	filters, err := narrow()
	if err != nil {
		return err
	}
	if err := s.typed(ctx, "opened", "closed", "moved"); err != nil {
		return err
	}
	return s.selects(ctx, []string{"x-2", "y-2"}, filters...)
}

// rare appends 400 events of which every 80th belongs to a stream that begins with
// rare, and returns the filter for these.
func (s *subject) rare(ctx context.Context) (eventcore.Filter, error) {
	filters, err := prefixes("rare")
	if err != nil {
		return eventcore.Filter{}, err
	}
	for n := range eventcore.Version(5) {
		if _, err := s.given(ctx, writes(id("common"), n*79, 79), writes(id("rare-1"), n, 1)); err != nil {
			return eventcore.Filter{}, err
		}
	}
	return filters[0], nil
}

func checkFilterBeforeLimit(ctx context.Context, s *subject) error {
	f, err := s.rare(ctx)
	if err != nil {
		return err
	}
	for _, limit := range []int{1, 3, 5, 6} {
		got, err := s.readAll(ctx, f, eventcore.Position{}, limit)
		if err != nil {
			return err
		}
		if want := min(limit, 5); len(got) != want {
			return fmt.Errorf("5 of 400 events match, limit %d: got %s, want %d", limit, list(got), want)
		}
	}
	return nil
}

func checkFilteredResume(ctx context.Context, s *subject) error {
	f, err := s.rare(ctx)
	if err != nil {
		return err
	}
	all, err := s.everything(ctx)
	if err != nil {
		return err
	}
	for i := 0; i < len(all); i += 13 {
		want := slices.DeleteFunc(slices.Clone(all[i+1:]), func(e eventcore.Recorded) bool { return !f.Match(e.Stream, e.Type) })
		got, err := s.readAll(ctx, f, all[i].Position, 0)
		if err = errors.Join(err, sameEvents(fmt.Sprintf("filtered, after the position of event %d of %d, %s", i+1, len(all), list(all[i:i+1])), got, want)); err != nil {
			return err
		}
	}
	return nil
}
