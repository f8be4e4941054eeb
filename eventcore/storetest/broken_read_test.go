package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func brokenReads() []broken {
	return []broken{
		{
			"orders versions as text",
			[]string{"R-READ-01"},
			onRead(func(ctx context.Context, id eventcore.StreamID, after eventcore.Version, inner readFunc) seq {
				events := collect(inner(ctx, id, after))
				text := func(e eventcore.Recorded) string { return strconv.FormatUint(uint64(e.Version), 10) }
				slices.SortFunc(events, func(a, b eventcore.Recorded) int { return strings.Compare(text(a), text(b)) })
				return yieldAll(events)
			}),
		},
		{
			"has not found a missing stream",
			[]string{"R-READ-02"},
			onRead(func(ctx context.Context, id eventcore.StreamID, after eventcore.Version, inner readFunc) seq {
				if len(collect(inner(ctx, id, 0))) == 0 {
					return fails(eventcore.OpReadStream, errNotFound)
				}
				return inner(ctx, id, after)
			}),
		},
		{
			"includes the version to read after",
			[]string{"R-READ-03"},
			onRead(func(ctx context.Context, id eventcore.StreamID, after eventcore.Version, inner readFunc) seq {
				return inner(ctx, id, max(after, 1)-1)
			}),
		},
		{
			"wants a version to read after that exists",
			[]string{"R-READ-04"},
			onRead(func(ctx context.Context, id eventcore.StreamID, after eventcore.Version, inner readFunc) seq {
				if after > eventcore.Version(len(collect(inner(ctx, id, 0)))) {
					return fails(eventcore.OpReadStream, errors.New("no such version"))
				}
				return inner(ctx, id, after)
			}),
		},
		{
			"has versions with a sign",
			[]string{"R-READ-04"},
			onRead(func(ctx context.Context, id eventcore.StreamID, after eventcore.Version, inner readFunc) seq {
				return inner(ctx, id, eventcore.Version(max(int64(after), 0)))
			}),
		},
		{
			"yields one page",
			[]string{"R-READ-05"},
			onRead(func(ctx context.Context, id eventcore.StreamID, after eventcore.Version, inner readFunc) seq {
				events := collect(inner(ctx, id, after))
				return yieldAll(events[:min(len(events), 1000)])
			}),
		},
		{"repeats the event between two pages", []string{"R-READ-05", "R-ALL-09"}, func(s *hooked) {
			read, readAll := s.read, s.readAll
			s.read = func(ctx context.Context, id eventcore.StreamID, after eventcore.Version) seq {
				return repeating(read(ctx, id, after))
			}
			s.readAll = func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) seq {
				return repeating(readAll(ctx, f, after, limit))
			}
		}},
	}
}

// repeating yields every 1024th event twice.
func repeating(events seq) seq {
	return func(yield func(eventcore.Recorded, error) bool) {
		n := 0
		for e, err := range events {
			if n++; n%1024 == 0 && !yield(e, err) {
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// once can be iterated once; it is empty afterwards.
func once(events seq) seq {
	used := false
	return func(yield func(eventcore.Recorded, error) bool) {
		if !used {
			used = true
			events(yield)
		}
	}
}

// locked holds a lock while it is iterated.
func locked(mu sync.Locker, events seq) seq {
	return func(yield func(eventcore.Recorded, error) bool) {
		mu.Lock()
		defer mu.Unlock()
		events(yield)
	}
}

// pooled takes one of ten connections and gives it back at the end only, after an
// error if the store remembers to.
func pooled(afterError bool) func(events seq) seq {
	free := make(chan struct{}, 10)
	return func(events seq) seq {
		return func(yield func(eventcore.Recorded, error) bool) {
			select {
			case free <- struct{}{}:
			default:
				yield(eventcore.Recorded{}, errors.New("too many connections"))
				return
			}
			for e, err := range events {
				if !yield(e, err) || err != nil && !afterError {
					return
				}
			}
			<-free
		}
	}
}

// produced has its events from a goroutine that nobody stops.
func produced(events seq) seq {
	return func(yield func(eventcore.Recorded, error) bool) {
		ch := make(chan eventcore.Recorded)
		go func() {
			defer close(ch)
			for e := range events {
				ch <- e
			}
		}()
		for e := range ch {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// wrapRead changes the sequences of ReadStream.
func wrapRead(change func(events seq) seq) func(*hooked) {
	return onRead(func(ctx context.Context, id eventcore.StreamID, after eventcore.Version, inner readFunc) seq {
		return change(inner(ctx, id, after))
	})
}

func brokenIterations() []broken {
	return []broken{
		{"can be iterated once", []string{"R-READ-06"}, wrapRead(once)},
		{"reads when ReadStream is called", []string{"R-READ-07", "R-READ-06"}, wrapRead(func(events seq) seq { return yieldAll(collect(events)) })},
		{
			"looks for more at the end",
			[]string{"R-READ-08"},
			onRead(func(ctx context.Context, id eventcore.StreamID, after eventcore.Version, inner readFunc) seq {
				return func(yield func(eventcore.Recorded, error) bool) {
					for e, err := range inner(ctx, id, after) {
						if after = e.Version; !yield(e, err) {
							return
						}
					}
					for e, err := range inner(ctx, id, after) {
						yield(e, err)
						return
					}
				}
			}),
		},
		{"holds a lock against appends while it reads", []string{"R-READ-09"}, func(s *hooked) {
			var mu sync.RWMutex
			read, inner := s.read, s.append
			s.read = func(ctx context.Context, id eventcore.StreamID, after eventcore.Version) seq {
				return locked(mu.RLocker(), read(ctx, id, after))
			}
			s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
				mu.Lock()
				defer mu.Unlock()
				return inner(ctx, w)
			}
		}},
		{"holds a lock against reads while it reads", []string{"R-READ-10"}, func(s *hooked) {
			var mu sync.Mutex
			wrapRead(func(events seq) seq { return locked(&mu, events) })(s)
		}},
		{"keeps the connection of a read that is broken off", []string{"R-READ-11", "R-TYPED-04"}, func(s *hooked) { wrapRead(pooled(true))(s) }},
		{"keeps the connection of a read that is cancelled", []string{"R-CTX-05"}, func(s *hooked) { wrapRead(pooled(false))(s) }},
		{"keeps the goroutine of a read that is broken off", []string{"R-READ-12"}, wrapRead(produced)},
	}
}
