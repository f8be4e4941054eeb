package storetest_test

import (
	"context"
	"errors"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// quiet ends a sequence without an error when the context is done.
func quiet(events seq) seq {
	return func(yield func(eventcore.Recorded, error) bool) {
		for e, err := range events {
			if err != nil || !yield(e, nil) {
				return
			}
		}
	}
}

func notApplied(err error) error {
	return &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err}
}

func brokenContexts() []broken {
	return []broken{
		{
			"appends for a caller that has gone",
			[]string{"R-CTX-01"},
			onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
				return inner(context.WithoutCancel(ctx), w)
			}),
		},
		{
			"says of a cancelled append that its outcome is unknown",
			[]string{"R-CTX-01"},
			onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
				if err := ctx.Err(); err != nil {
					return eventcore.Appended{}, err
				}
				return inner(ctx, w)
			}),
		},
		{
			"loses the context's error",
			[]string{"R-CTX-01"},
			onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
				if ctx.Err() != nil {
					return eventcore.Appended{}, notApplied(errors.New("interrupted"))
				}
				return inner(ctx, w)
			}),
		},
		{"reads nothing for a caller that has gone", []string{"R-CTX-02", "R-CTX-03"}, wrapRead(quiet)},
		{
			"looks at the context once",
			[]string{"R-CTX-03"},
			onRead(func(ctx context.Context, id eventcore.StreamID, after eventcore.Version, inner readFunc) seq {
				if ctx.Err() != nil {
					return inner(ctx, id, after)
				}
				return inner(context.WithoutCancel(ctx), id, after)
			}),
		},
		{
			"goes on behind an error",
			[]string{"R-CTX-02"},
			wrapRead(func(events seq) seq {
				return func(yield func(eventcore.Recorded, error) bool) {
					for e, err := range events {
						if !yield(e, err) || err != nil && !yield(e, err) {
							return
						}
					}
				}
			}),
		},
		{
			"says not applied of what it applied",
			[]string{"R-CTX-04"},
			onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
				if err := ctx.Err(); err != nil {
					return eventcore.Appended{}, notApplied(err)
				}
				result, err := inner(context.WithoutCancel(ctx), w)
				if ctx.Err() != nil {
					return eventcore.Appended{}, notApplied(ctx.Err())
				}
				return result, err
			}),
		},
		{"leaves half a batch when cancelled in it", []string{"R-CTX-04"}, onAppend(streamByStream)},
		{"keeps the lock of an append that was cancelled", []string{"R-CTX-05"}, func(s *hooked) {
			inner, busy := s.append, false
			s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
				if busy {
					return eventcore.Appended{}, notApplied(errors.New("database is locked"))
				}
				busy = ctx.Err() != nil
				return inner(ctx, w)
			}
		}},
	}
}
