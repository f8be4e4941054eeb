package storetest_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func brokenMany() []broken {
	return []broken{
		{"checks 32 participants of a batch", []string{"R-APPEND-21"}, checksPortion(func(i int) bool { return i < 32 })},
		{"skips the first participant of each portion but the first", []string{"R-APPEND-21"}, checksPortion(func(i int) bool { return i == 0 || i%100 != 0 })},
		{"cannot compare versions of 64 bits", []string{"R-APPEND-04"}, onAppend(wrapsVersions)},
		{"adds to the limit", []string{"R-ALL-08"}, addsToLimit},
		{"loses an event where two portions of a batch meet", []string{"R-APPEND-22"}, rearranged(func(events []event) []event {
			return slices.Delete(events, portion, portion+1)
		})},
		{"writes the later portion of a batch first", []string{"R-APPEND-22"}, rearranged(func(events []event) []event {
			return append(slices.Clone(events[portion:]), events[:portion]...)
		})},
		{"writes the events of one stream together", []string{"R-ALL-30"}, rearranged(func(events []event) []event {
			slices.SortStableFunc(events, func(a, b event) int { return strings.Compare(a.to.String(), b.to.String()) })
			return events
		})},
	}
}

// portion is how many events go into one statement of a store.
const portion = 1_000

// rearranged changes the events of a batch that is longer than a portion.
func rearranged(change func([]event) []event) func(*hooked) {
	return onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
		if events := eventsOf(w); len(events) > portion {
			w = rebuilt(w.Participants(), change(events))
		}
		return inner(ctx, w)
	})
}

// checksPortion takes the version of each participant that checked does not choose
// for right.
func checksPortion(checked func(i int) bool) func(*hooked) {
	return func(s *hooked) {
		var mu sync.Mutex
		inner := s.append
		s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
			mu.Lock()
			defer mu.Unlock()
			participants := slices.Clone(w.Participants())
			for i, actual := range versions(ctx, w, s.read) {
				if !checked(i) {
					participants[i].Expected = actual
				}
			}
			return inner(ctx, rebuilt(participants, eventsOf(w)))
		}
	}
}

// wrapsVersions keeps versions in columns with a sign, and refuses those that do not fit
// as a database driver does.
func wrapsVersions(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
	for _, p := range w.Participants() {
		if p.Expected > math.MaxInt64 {
			return eventcore.Appended{}, notApplied(errors.New("uint64 values with high bit set are not supported"))
		}
	}
	return inner(ctx, w)
}

// addsToLimit asks for one event more than the limit to see whether there are more.
func addsToLimit(s *hooked) {
	limited(func(limit int) int {
		if limit > 0 {
			limit++
		}
		return limit
	})(s)
	inner := s.readAll
	s.readAll = func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) seq {
		return firstOf(inner(ctx, f, after, limit), limit)
	}
}

// firstOf yields at most limit events, all of them where it is 0.
func firstOf(events seq, limit int) seq {
	return func(yield func(eventcore.Recorded, error) bool) {
		n := 0
		for e, err := range events {
			if n++; !yield(e, err) || n == limit {
				return
			}
		}
	}
}
