package storetest_test

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// aMoment is what a careless store lets pass between two steps that belong together.
const aMoment = 200 * time.Microsecond

// checkedBefore checks participants that choose selects, lets a moment pass and then
// appends at whatever versions they have.
func checkedBefore(choose func(p eventcore.Participant) bool) func(*hooked) {
	return func(s *hooked) {
		var mu sync.Mutex
		inner, read := s.append, s.read
		s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
			for i, actual := range versions(ctx, w, read) {
				if p := w.Participants()[i]; choose(p) && p.Expected != actual {
					return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: actual}
				}
			}
			time.Sleep(aMoment)
			mu.Lock()
			defer mu.Unlock()
			participants := append([]eventcore.Participant(nil), w.Participants()...)
			for i, actual := range versions(ctx, w, read) {
				if choose(participants[i]) {
					participants[i].Expected = actual
				}
			}
			return inner(ctx, rebuilt(participants, eventsOf(w)))
		}
	}
}

func brokenConcurrency() []broken {
	return []broken{
		{"checks, and appends later", []string{"R-CONC-01"}, checkedBefore(func(eventcore.Participant) bool { return true })},
		{"checks read-only participants, and appends later", []string{"R-CONC-04"}, checkedBefore(readOnly)},
		{"lets no one win", []string{"R-CONC-01", "R-CONC-02"}, letsNoOneWin},
		{"takes one stream after the other, in the order of the batch", []string{"R-CONC-07"}, onAppend(streamByStream)},
		{
			"appends event by event",
			[]string{"R-CONC-05"},
			onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
				var result eventcore.Appended
				at := w.Participants()[0].Expected
				for i, e := range eventsOf(w) {
					var err error
					one := []eventcore.Participant{{Stream: e.to, Expected: at + eventcore.Version(i)}}
					if result, err = inner(ctx, rebuilt(one, []event{e})); err != nil {
						return result, err
					}
					time.Sleep(20 * time.Microsecond)
				}
				return result, nil
			}),
		},
		{"reads from a replica that lags", []string{"R-CONC-06"}, func(s *hooked) {
			var stale sync.Map // StreamID → true: the next read misses the last event
			inner, read := s.append, s.read
			s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
				result, err := inner(ctx, w)
				for _, v := range result.Streams {
					stale.Store(v.Stream, v.Version)
				}
				return result, err
			}
			s.read = func(ctx context.Context, id eventcore.StreamID, after eventcore.Version) seq {
				missing, _ := stale.LoadAndDelete(id)
				return each(read(ctx, id, after), func(e *eventcore.Recorded) bool { return e.Version != missing })
			}
		}},
		{"shows events before those with lower positions", []string{"R-ALL-17"}, commitsLate},
	}
}

// letsNoOneWin refuses every append that another one overlaps with.
func letsNoOneWin(s *hooked) {
	var running, begun atomic.Int64
	inner := s.append
	s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
		others, before := running.Add(1)-1, begun.Add(1)
		defer running.Add(-1)
		time.Sleep(aMoment)
		if others > 0 || begun.Load() != before {
			p := w.Participants()[0]
			return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, ActualUnknown: true}
		}
		return inner(ctx, w)
	}
}

// commitsLate gives out positions a moment before the events can be read.
func commitsLate(s *hooked) {
	var hidden sync.Map // EventID → true
	inner, readAll := s.append, s.readAll
	s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
		for _, e := range w.Events() {
			hidden.Store(e.Event.ID, true)
		}
		result, err := inner(ctx, w)
		time.Sleep(time.Duration(len(w.Events())) * aMoment)
		for _, e := range w.Events() {
			hidden.Delete(e.Event.ID)
		}
		return result, err
	}
	s.readAll = func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) seq {
		return each(readAll(ctx, f, after, limit), func(e *eventcore.Recorded) bool {
			_, there := hidden.Load(e.ID)
			return !there
		})
	}
}
