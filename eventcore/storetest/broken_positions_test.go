package storetest_test

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func brokenPositions() []broken {
	return []broken{
		{"gives out positions event by event", []string{"R-ALL-26"}, sequenced},
		{"appends to the global order event by event", []string{"R-ALL-27"}, showsEventByEvent},
		{"holds a lock against reads while it reads all", []string{"R-ALL-28"}, func(s *hooked) {
			var mu sync.Mutex
			wrapAll(func(events seq) seq { return locked(&mu, events) })(s)
		}},
		{"hides what an older append may still overtake", []string{"R-ALL-29"}, watermarked},
	}
}

// sequenced has a sequence of its own, of which appends take one number for each event.
func sequenced(s *hooked) {
	var mu sync.Mutex
	next, numbers := uint64(0), make(map[eventcore.EventID]uint64)
	inner, readAll := s.append, s.readAll
	s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
		for _, e := range w.Events() {
			mu.Lock()
			next++
			numbers[e.Event.ID] = next
			mu.Unlock()
			time.Sleep(20 * time.Microsecond)
		}
		return inner(ctx, w)
	}
	s.readAll = func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) seq {
		events := collect(readAll(ctx, f, after, limit))
		mu.Lock()
		defer mu.Unlock()
		slices.SortFunc(events, func(a, b eventcore.Recorded) int { return cmp.Compare(numbers[a.ID], numbers[b.ID]) })
		return yieldAll(events)
	}
}

// showsEventByEvent lets ReadAll see the events of an append one after the other.
func showsEventByEvent(s *hooked) {
	var mu sync.Mutex
	hidden := make(map[eventcore.EventID]bool)
	inner, readAll := s.append, s.readAll
	s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
		mu.Lock()
		for _, e := range w.Events() {
			hidden[e.Event.ID] = true
		}
		mu.Unlock()
		result, err := inner(ctx, w)
		for _, e := range w.Events() {
			mu.Lock()
			delete(hidden, e.Event.ID)
			mu.Unlock()
			time.Sleep(20 * time.Microsecond)
		}
		return result, err
	}
	s.readAll = func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) seq {
		return each(readAll(ctx, f, after, limit), func(e *eventcore.Recorded) bool {
			mu.Lock()
			defer mu.Unlock()
			return !hidden[e.ID]
		})
	}
}

// watermarked hides from ReadAll what was appended while an older append still runs, as
// a store does that waits for gaps in a sequence to close.
func watermarked(s *hooked) {
	var mu sync.Mutex
	begun, running, number := 0, make(map[int]bool), make(map[eventcore.EventID]int)
	inner, readAll := s.append, s.readAll
	s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
		mu.Lock()
		begun++
		own := begun
		running[own] = true
		for _, e := range w.Events() {
			number[e.Event.ID] = own
		}
		mu.Unlock()
		time.Sleep(time.Duration(own%4) * aMoment)
		result, err := inner(ctx, w)
		mu.Lock()
		defer mu.Unlock()
		delete(running, own)
		return result, err
	}
	s.readAll = func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) seq {
		return func(yield func(eventcore.Recorded, error) bool) {
			mu.Lock()
			oldest := begun + 1
			for n := range running {
				oldest = min(oldest, n)
			}
			mu.Unlock()
			for e, err := range readAll(ctx, f, after, limit) {
				mu.Lock()
				hidden := err == nil && number[e.ID] >= oldest
				mu.Unlock()
				if hidden || !yield(e, err) {
					return
				}
			}
		}
	}
}
