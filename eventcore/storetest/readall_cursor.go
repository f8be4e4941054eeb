package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func checkAllResume(ctx context.Context, s *subject) error {
	all, err := s.spread(ctx, 20)
	if err != nil {
		return err
	}
	for i := range all {
		got, err := s.readAll(ctx, eventcore.Filter{}, all[i].Position, 0)
		if err = errors.Join(err, sameEvents(fmt.Sprintf("after the position of event %d of 20", i+1), got, all[i+1:])); err != nil {
			return err
		}
	}
	// The end is a place to go on from too.
	end := all[len(all)-1].Position
	if _, err := s.given(ctx, writes(id("late"), 0, 2)); err != nil {
		return err
	}
	got, err := s.readAll(ctx, eventcore.Filter{}, end, 0)
	if err == nil && (len(got) != 2 || got[0].Stream != id("late")) {
		err = fmt.Errorf("after the position of the last event, 2 more appended since: got %s, want these 2", list(got))
	}
	return err
}

func checkLimit(ctx context.Context, s *subject) error {
	all, err := s.spread(ctx, 20)
	if err != nil {
		return err
	}
	for _, limit := range []int{1, 2, 3, 7, 19, 20, 21, math.MaxInt32, math.MaxInt} {
		var after eventcore.Position
		for from := 0; ; {
			want := all[from : from+min(len(all)-from, limit)]
			got, err := s.readAll(ctx, eventcore.Filter{}, after, limit)
			if err = errors.Join(err, sameEvents(fmt.Sprintf("limit %d after event %d of 20", limit, from), got, want)); err != nil {
				return err
			}
			if from += len(got); len(got) == 0 {
				break
			}
			after = got[len(got)-1].Position
		}
	}
	return nil
}

func checkNoLimit(ctx context.Context, s *subject) error {
	const count = 3000
	batch, err := s.given(ctx, writes(id("a"), 0, count))
	if err != nil {
		return err
	}
	got, err := s.everything(ctx)
	return errors.Join(err, same(fmt.Sprintf("%d events of one stream, read with limit 0", count), got, batch.to(id("a")), 1))
}

func checkNegativeLimit(ctx context.Context, s *subject) error {
	if _, err := s.spread(ctx, 3); err != nil {
		return err
	}
	for _, limit := range []int{-1, math.MinInt32, math.MinInt} {
		got, err := drain(s.all.ReadAll(ctx, eventcore.Filter{}, eventcore.Position{}, limit))
		if err == nil || len(got) > 0 {
			return fmt.Errorf("limit %d: got %d events and %s, want no event and an error", limit, len(got), describeError(err))
		}
	}
	return nil
}

// checkCursorNeverSkips polls while writers append: events become visible in the
// order of their positions, or not at all to this cursor.
func checkCursorNeverSkips(ctx context.Context, s *subject) error {
	const writers = 6
	var running, appended atomic.Int64
	running.Store(writers)
	var polled []eventcore.Recorded
	err := parallel(writers+1, func(i int) error {
		if i == writers {
			var err error
			polled, err = s.poll(ctx, func() bool { return running.Load() > 0 })
			return err
		}
		defer running.Add(-1)
		size := i + 1 // batches of different sizes take differently long, and so overtake
		for n := range rounds(25, 400) {
			if _, err := s.given(ctx, writes(id(fmt.Sprintf("w-%d", i)), eventcore.Version(n*size), size)); err != nil {
				return err
			}
			appended.Add(int64(size))
		}
		return nil
	})
	if err != nil {
		return err
	}
	all, err := s.everything(ctx)
	if want := int(appended.Load()); err == nil && len(all) != want {
		err = fmt.Errorf("got %d events in the end, want the %d that were appended", len(all), want)
	}
	return errors.Join(err, sameEvents("what the cursor saw, compared with the order in the end", polled, all))
}

// poll reads from the last position on, a few events at a time, until there are none
// left and no more to come.
func (s *subject) poll(ctx context.Context, more func() bool) ([]eventcore.Recorded, error) {
	var seen []eventcore.Recorded
	var after eventcore.Position
	for idle := 0; ; {
		last := !more() // asked before the read: what comes between is read by it
		got, err := s.readAll(ctx, eventcore.Filter{}, after, 7)
		if err != nil {
			return seen, err
		}
		if len(got) == 0 {
			if last {
				return seen, nil
			}
			// Polling hard finds more, polling for long takes the machine from the writers.
			if idle++; idle%100 != 0 {
				runtime.Gosched()
			} else if err := (eventcore.SystemClock{}).Sleep(ctx, 100*time.Microsecond); err != nil {
				return seen, err
			}
			continue
		}
		seen, after = append(seen, got...), got[len(got)-1].Position
	}
}
