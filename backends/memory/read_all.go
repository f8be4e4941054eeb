package memory

import (
	"context"
	"fmt"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ReadAll implements [eventcore.AllReader]. What it yields is the global order as it
// stood at the first step of the iteration.
func (s *Store) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		if limit < 0 {
			yield(eventcore.Recorded{}, &eventcore.StoreFailure{
				Operation: eventcore.OpReadAll, Err: fmt.Errorf("limit %d is negative; use 0 for no limit", limit),
			})
			return
		}
		log := s.snapshot()
		delivered := 0
		for events := range log.from(log.indexAfter(after)) {
			for i := range events {
				if !filter.Match(events[i].Stream, events[i].Type) {
					continue
				}
				if !deliver(ctx, eventcore.OpReadAll, &events[i], yield) {
					return
				}
				if delivered++; delivered == limit {
					return
				}
			}
			// A filter that selects nothing must not outlast the context either.
			if ctx.Err() != nil {
				break
			}
		}
		end(ctx, eventcore.OpReadAll, yield)
	}
}

func (s *Store) snapshot() eventLog {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.log
}

// indexAfter returns the index of the first event behind a position. Positions
// count from 1 without gaps.
func (l eventLog) indexAfter(after eventcore.Position) int {
	hi, lo := after.Parts()
	if hi > 0 || lo >= uint64(l.count) {
		return l.count
	}
	return int(lo)
}
