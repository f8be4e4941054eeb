package storetest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func brokenHandles() []broken {
	return []broken{
		{"keeps the streams that it has read", []string{"R-HANDLE-01"}, second(cachesStreams)},
		{"keeps the global order that it has read", []string{"R-HANDLE-01"}, second(cachesOrder)},
		{"counts versions in memory", []string{"R-HANDLE-02"}, second(countsVersions(func(eventcore.Participant) bool { return true }))},
		{"counts the versions of read-only participants in memory", []string{"R-HANDLE-02"}, second(countsVersions(readOnly))},
		{"checks under a mutex of its own", []string{"R-HANDLE-03"}, second(checkedBefore(func(eventcore.Participant) bool { return true }))},
		{"shows its own appends before those of others", []string{"R-HANDLE-04"}, second(hurries)},
		{"closes what the other handle needs too", []string{"R-HANDLE-05"}, func(s *hooked) {
			var gone atomic.Bool
			onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
				if gone.Load() {
					return eventcore.Appended{}, notApplied(errors.New("the lock file is gone"))
				}
				return inner(ctx, w)
			})(s)
			s.second = func(other *hooked) {
				other.closed = func() error {
					gone.Store(true)
					return nil
				}
			}
		}},
	}
}

// cachesStreams reads a stream anew only after an append of its own.
func cachesStreams(s *hooked) {
	var cache sync.Map // StreamID → []eventcore.Recorded
	inner, read := s.append, s.read
	s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
		result, err := inner(ctx, w)
		for _, p := range w.Participants() {
			cache.Delete(p.Stream)
		}
		return result, err
	}
	s.read = func(ctx context.Context, id eventcore.StreamID, after eventcore.Version) seq {
		kept, ok := cache.Load(id)
		if !ok {
			kept, _ = cache.LoadOrStore(id, collect(read(ctx, id, 0)))
		}
		return each(yieldAll(kept.([]eventcore.Recorded)), func(e *eventcore.Recorded) bool { return e.Version > after })
	}
}

// cachesOrder reads the global order anew only after an append of its own.
func cachesOrder(s *hooked) {
	var mu sync.Mutex
	var kept []eventcore.Recorded
	fresh := false
	inner, readAll := s.append, s.readAll
	s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
		result, err := inner(ctx, w)
		mu.Lock()
		defer mu.Unlock()
		fresh = false
		return result, err
	}
	s.readAll = func(ctx context.Context, _ eventcore.Filter, after eventcore.Position, limit int) seq {
		mu.Lock()
		defer mu.Unlock()
		if !fresh {
			kept, fresh = collect(readAll(ctx, eventcore.Filter{}, eventcore.Position{}, 0)), true
		}
		from := slices.IndexFunc(kept, func(e eventcore.Recorded) bool { return e.Position.Compare(after) > 0 })
		if from < 0 {
			return yieldAll(nil)
		}
		return firstOf(yieldAll(kept[from:]), limit)
	}
}

// countsVersions compares the expected version of those participants that choose selects
// with what it saw when it last appended or read nothing of them yet.
func countsVersions(choose func(eventcore.Participant) bool) func(*hooked) {
	return func(s *hooked) {
		var mu sync.Mutex
		known := make(map[eventcore.StreamID]eventcore.Version)
		inner, read := s.append, s.read
		s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
			mu.Lock()
			defer mu.Unlock()
			participants := slices.Clone(w.Participants())
			for i, actual := range versions(ctx, w, read) {
				p := &participants[i]
				if _, ok := known[p.Stream]; !ok {
					known[p.Stream] = actual
				}
				if !choose(*p) {
					continue
				}
				if p.Expected != known[p.Stream] {
					return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: known[p.Stream]}
				}
				p.Expected = actual
			}
			result, err := inner(ctx, rebuilt(participants, eventsOf(w)))
			for _, v := range result.Streams {
				known[v.Stream] = v.Version
			}
			return result, err
		}
	}
}

// hurries lets a read of all see an event of its own a moment before the events of
// others that have lower positions.
func hurries(s *hooked) {
	var own sync.Map // EventID → true
	var seen sync.Map
	inner, readAll := s.append, s.readAll
	s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
		for _, e := range w.Events() {
			own.Store(e.Event.ID, true)
		}
		return inner(ctx, w)
	}
	s.readAll = func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) seq {
		now := time.Now()
		return each(readAll(ctx, f, after, limit), func(e *eventcore.Recorded) bool {
			if _, mine := own.Load(e.ID); mine {
				return true
			}
			first, _ := seen.LoadOrStore(e.ID, now)
			return now.Sub(first.(time.Time)) >= aMoment
		})
	}
}
