package storetest_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// eachEvent changes each event that is read, in its stream or in the global order; false
// leaves it out.
func eachEvent(change func(e *eventcore.Recorded) bool) func(*hooked) {
	return func(s *hooked) {
		eachRead(change)(s)
		eachAll(change)(s)
	}
}

func brokenReopens() []broken {
	return []broken{
		{"is empty when it is opened again", []string{"R-REOPEN-01", "R-REOPEN-02", "R-REOPEN-03"}, again(func(s *hooked) {
			empty := newHooked(nil)
			s.append, s.read, s.readAll = empty.append, empty.read, empty.readAll
		})},
		{"keeps seconds", []string{"R-REOPEN-01"}, again(eachEvent(func(e *eventcore.Recorded) bool {
			e.RecordedAt = e.RecordedAt.Truncate(time.Second)
			return true
		}))},
		{"writes no metadata down", []string{"R-REOPEN-01"}, again(eachEvent(func(e *eventcore.Recorded) bool {
			e.Metadata = nil
			return true
		}))},
		{"numbers the global order anew", []string{"R-REOPEN-01"}, again(eachEvent(func(e *eventcore.Recorded) bool {
			_, lo := e.Position.Parts()
			e.Position = eventcore.NewPosition(1, lo)
			return true
		}))},
		{"loses what it had not written yet", []string{"R-REOPEN-01"}, again(eachEvent(func(e *eventcore.Recorded) bool {
			return e.Stream.String() != "long"
		}))},
		{"takes the first version that it is told for right", []string{"R-REOPEN-02"}, again(forgetsVersions(func(expected, actual eventcore.Version) eventcore.Version {
			return actual
		}))},
		{"begins its versions anew", []string{"R-REOPEN-02"}, again(forgetsVersions(func(expected, actual eventcore.Version) eventcore.Version {
			if expected == 0 {
				return actual
			}
			return actual + 1
		}))},
		{"reads on from its own beginning", []string{"R-REOPEN-03"}, again(readsOwnOnly)},
	}
}

// readsOwnOnly knows of the global order what was appended since it was opened.
func readsOwnOnly(s *hooked) {
	var first atomic.Pointer[eventcore.Position]
	inner, readAll := s.append, s.readAll
	s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
		result, err := inner(ctx, w)
		if err == nil && len(w.Events()) > 0 {
			hi, lo := result.Last.Parts()
			before := eventcore.NewPosition(hi, lo-uint64(len(w.Events())))
			first.CompareAndSwap(nil, &before)
		}
		return result, err
	}
	s.readAll = func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) seq {
		if p := first.Load(); p != nil && p.Compare(after) > 0 {
			after = *p
		}
		return readAll(ctx, f, after, limit)
	}
}

// forgetsVersions takes another version for the expected one in the first append to a
// stream since it was opened.
func forgetsVersions(instead func(expected, actual eventcore.Version) eventcore.Version) func(*hooked) {
	return func(s *hooked) {
		var mu sync.Mutex
		known := make(map[eventcore.StreamID]bool)
		inner := s.append
		s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
			mu.Lock()
			defer mu.Unlock()
			participants := slices.Clone(w.Participants())
			for i, actual := range versions(ctx, w, s.read) {
				if p := &participants[i]; !known[p.Stream] {
					p.Expected = instead(p.Expected, actual)
				}
			}
			result, err := inner(ctx, rebuilt(participants, eventsOf(w)))
			for _, p := range participants {
				known[p.Stream] = known[p.Stream] || err == nil
			}
			return result, err
		}
	}
}
