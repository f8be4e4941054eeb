package eventcore_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// count appends the next number to one stream. It counts the events of both, so that
// a stream that is only read has a part in every number.
type count struct{ to, other eventcore.StreamID }

func (c *count) Streams() []eventcore.StreamID { return []eventcore.StreamID{c.to, c.other} }

func (c *count) Apply(events int, _ eventcore.Event[bankEvent]) int { return events + 1 }

func (c *count) Handle(events int) ([]eventcore.Emit[bankEvent], error) {
	return []eventcore.Emit[bankEvent]{eventcore.To[bankEvent](c.to, deposited{events + 1})}, nil
}

const (
	counters = 6
	counts   = 25
)

// meeting holds the first append of each goroutine until all have come to theirs: by
// then all have read, so that all but one must conflict.
type meeting struct {
	eventcore.Store
	all *sync.WaitGroup
	met bool
}

func (s *meeting) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	if !s.met {
		s.met = true
		s.all.Done()
		s.all.Wait()
	}
	return s.Store.Append(ctx, w)
}

// countTogether counts from several goroutines, half of them to each stream, and says
// how many attempts that took and whether a number is missing or there twice.
func countTogether(t *testing.T, wrap func(eventcore.Store) eventcore.Store) (attempts int, err error) {
	t.Helper()
	inner, codec := memory.New(memory.Config{}), bankRegistry(t)
	a, b := eventcore.MustStreamID("a"), eventcore.MustStreamID("b")
	var meet, done sync.WaitGroup
	meet.Add(counters)
	tried, errs := make([]int, counters), make([]error, counters)
	for n := range counters {
		done.Go(func() {
			store, command := wrap(&meeting{Store: inner, all: &meet}), &count{to: a, other: b}
			if n%2 == 1 {
				command = &count{to: b, other: a}
			}
			for range counts {
				executed, err := eventcore.Execute(t.Context(), store, command,
					eventcore.WithCodec(codec), eventcore.WithRetry(eventcore.Fixed(0, eventcore.Unlimited)))
				tried[n] += executed.Attempts
				if err != nil {
					errs[n] = err
					return
				}
			}
		})
	}
	done.Wait()
	for n := range counters {
		require.NoError(t, errs[n])
		attempts += tried[n]
	}
	var numbers []int
	for _, id := range []eventcore.StreamID{a, b} {
		for e, err := range eventcore.Read[bankEvent](t.Context(), inner, codec, id, 0) {
			require.NoError(t, err)
			numbers = append(numbers, e.Payload.change())
		}
	}
	slices.Sort(numbers)
	if len(numbers) != counters*counts {
		return attempts, fmt.Errorf("%d numbers, want %d", len(numbers), counters*counts)
	}
	for i, n := range numbers {
		if n != i+1 {
			return attempts, fmt.Errorf("number %d is %d", i+1, n)
		}
	}
	return attempts, nil
}

func TestConcurrentCommandsLoseNothing(t *testing.T) {
	attempts, err := countTogether(t, func(s eventcore.Store) eventcore.Store { return s })
	require.NoError(t, err)
	require.GreaterOrEqual(t, attempts, counters*counts+counters-1, "all but one must have met a conflict")
}

func TestConcurrentCountingFindsPlantedBugs(t *testing.T) {
	for _, tc := range []struct {
		name string
		wrap func(eventcore.Store) eventcore.Store
		err  string
	}{
		{
			"streams that are only read take no part",
			func(s eventcore.Store) eventcore.Store { return rewriting{s, onlyWritten} }, "number 2 is 1",
		},
		{
			"a conflict is taken for a success",
			func(s eventcore.Store) eventcore.Store { return swallowing{s} }, "want 150",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := countTogether(t, tc.wrap)
			require.ErrorContains(t, err, tc.err)
		})
	}
}
