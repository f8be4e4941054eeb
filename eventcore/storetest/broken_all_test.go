package storetest_test

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// eachAll changes each event that ReadAll yields; false leaves it out.
func eachAll(change func(e *eventcore.Recorded) bool) func(*hooked) {
	return wrapAll(func(events seq) seq { return each(events, change) })
}

// wrapAll changes the sequences of ReadAll.
func wrapAll(change func(events seq) seq) func(*hooked) {
	return onReadAll(func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int, inner readAllFunc) seq {
		return change(inner(ctx, f, after, limit))
	})
}

func brokenOrders() []broken {
	return []broken{
		{
			"has not found the events of an empty store",
			[]string{"R-ALL-01"},
			onReadAll(func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int, inner readAllFunc) seq {
				if len(collect(inner(ctx, eventcore.Filter{}, eventcore.Position{}, 1))) == 0 {
					return fails(eventcore.OpReadAll, errNotFound)
				}
				return inner(ctx, f, after, limit)
			}),
		},
		{"forgets the last event of each hundred", []string{"R-ALL-02", "R-ALL-09"}, eachAll(func(e *eventcore.Recorded) bool {
			return e.Version%100 != 0
		})},
		{"repeats the first event", []string{"R-ALL-02"}, wrapAll(func(events seq) seq {
			return func(yield func(eventcore.Recorded, error) bool) {
				first := true
				for e, err := range events {
					if first && !yield(e, err) {
						return
					}
					if first = false; !yield(e, err) {
						return
					}
				}
			}
		})},
		{"has coarse positions", []string{"R-ALL-03"}, eachAll(func(e *eventcore.Recorded) bool {
			_, lo := e.Position.Parts()
			e.Position = eventcore.NewPosition(0, (lo+1)/2)
			return true
		})},
		{"counts positions from zero", []string{"R-ALL-03"}, eachAll(func(e *eventcore.Recorded) bool {
			_, lo := e.Position.Parts()
			e.Position = eventcore.NewPosition(0, lo-1)
			return true
		})},
		{"orders by stream", []string{"R-ALL-04", "R-ALL-05"}, wrapAll(func(events seq) seq {
			list := collect(events)
			slices.SortStableFunc(list, func(a, b eventcore.Recorded) int { return cmp.Compare(a.Stream.String(), b.Stream.String()) })
			return yieldAll(list)
		})},
		{"has no metadata in the global order", []string{"R-ALL-06"}, eachAll(func(e *eventcore.Recorded) bool {
			e.Metadata = nil
			return true
		})},
	}
}

// limited changes the limit of ReadAll.
func limited(change func(limit int) int) func(*hooked) {
	return onReadAll(func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int, inner readAllFunc) seq {
		return inner(ctx, f, after, change(limit))
	})
}

func brokenCursors() []broken {
	return []broken{
		{
			"includes the position to read after",
			[]string{"R-ALL-07"},
			onReadAll(func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int, inner readAllFunc) seq {
				_, lo := after.Parts()
				return inner(ctx, f, eventcore.NewPosition(0, max(lo, 1)-1), limit)
			}),
		},
		{"yields one more than the limit", []string{"R-ALL-08"}, limited(func(limit int) int {
			if limit > 0 {
				return limit + 1
			}
			return limit
		})},
		{"has limits of 32 bits", []string{"R-ALL-08"}, limited(func(limit int) int { return int(int32(limit)) })},
		{"has a limit where none is given", []string{"R-ALL-09"}, limited(func(limit int) int { return cmp.Or(limit, 1000) })},
		{"takes a negative limit for none", []string{"R-ALL-10"}, limited(func(limit int) int { return max(limit, 0) })},
		{"can be iterated once", []string{"R-ALL-12"}, wrapAll(once)},
		{"reads when ReadAll is called", []string{"R-ALL-12"}, wrapAll(func(events seq) seq { return yieldAll(collect(events)) })},
		{"holds a lock against appends while it reads all", []string{"R-ALL-13"}, func(s *hooked) {
			var mu sync.RWMutex
			inner := s.append
			wrapAll(func(events seq) seq { return locked(mu.RLocker(), events) })(s)
			s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
				mu.Lock()
				defer mu.Unlock()
				return inner(ctx, w)
			}
		}},
		{"keeps the connection of a read of all that is broken off", []string{"R-ALL-14"}, func(s *hooked) { wrapAll(pooled(true))(s) }},
		{"keeps the goroutine of a read of all that is broken off", []string{"R-ALL-14"}, wrapAll(produced)},
		{"reads nothing of all for a caller that has gone", []string{"R-ALL-15", "R-ALL-16"}, wrapAll(quiet)},
		{
			"looks at the context once while it reads all",
			[]string{"R-ALL-16"},
			onReadAll(func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int, inner readAllFunc) seq {
				if ctx.Err() != nil {
					return inner(ctx, f, after, limit)
				}
				return inner(context.WithoutCancel(ctx), f, after, limit)
			}),
		},
	}
}
