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
	everything := filter.IsZero()
	return func(yield func(eventcore.Recorded, error) bool) {
		if limit < 0 {
			yield(eventcore.Recorded{}, &eventcore.StoreFailure{
				Operation: eventcore.OpReadAll, Err: fmt.Errorf("limit %d is negative; use 0 for no limit", limit),
			})
			return
		}
		log, delivered := s.snapshot(), 0
		rest := log.from(log.indexAfter(after))
		for events := rest.next(); len(events) > 0; events = rest.next() {
			for i := range events {
				// It is asked for each event, selected or not: a filter that selects nothing must
				// not outlast the context either.
				if ctx.Err() != nil {
					end(ctx, eventcore.OpReadAll, yield)
					return
				}
				event := &events[i]
				if !everything && !filter.Match(event.Stream, event.Type) {
					continue
				}
				if !yield(*event, nil) {
					return
				}
				if delivered++; delivered == limit {
					return
				}
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
