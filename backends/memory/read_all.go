package memory

import (
	"context"
	"fmt"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ReadAll implements [eventcore.AllReader].
func (s *Store) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		if limit < 0 {
			yield(eventcore.Recorded{}, &eventcore.StoreFailure{
				Operation: eventcore.OpReadAll, Err: fmt.Errorf("limit %d is negative; use 0 for no limit", limit),
			})
			return
		}
		log := s.logAfter(after)
		delivered := 0
		for i := range log {
			if !filter.Match(log[i].Stream, log[i].Type) {
				continue
			}
			if !deliver(ctx, eventcore.OpReadAll, &log[i], yield) {
				return
			}
			if delivered++; delivered == limit {
				return
			}
		}
		end(ctx, eventcore.OpReadAll, yield)
	}
}

// logAfter returns the log behind a position. Positions count from 1 without gaps.
func (s *Store) logAfter(after eventcore.Position) []eventcore.Recorded {
	s.mu.RLock()
	defer s.mu.RUnlock()
	hi, lo := after.Parts()
	if hi > 0 || lo >= uint64(len(s.log)) {
		return nil
	}
	return s.log[lo:]
}
