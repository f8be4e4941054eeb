package memory_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// numbers returns the numbers of events that batch made, as their data tell.
func numbers(t testing.TB, events func(func(eventcore.Recorded, error) bool)) []uint64 {
	t.Helper()
	var list []uint64
	for e, err := range events {
		require.NoError(t, err)
		list = append(list, binary.BigEndian.Uint64(e.ID[:]))
	}
	return list
}

// TestEventsAreFoundWhateverChunkTheyLieIn goes on from every position of a store of
// more events than one chunk of the largest size has.
func TestEventsAreFoundWhateverChunkTheyLieIn(t *testing.T) {
	const events = 4000
	s, ids := memory.New(memory.Config{}), streams(3)
	var all []uint64
	perStream := make(map[eventcore.StreamID][]uint64)
	for n := uint64(0); n < events; {
		id := ids[n%3]
		size := 1 + n%37
		at := uint64(len(perStream[id]))
		_, err := s.Append(t.Context(), batch(t, eventcore.Version(at), int(size), id))
		require.NoError(t, err)
		for i := range size {
			perStream[id], all = append(perStream[id], at+i+1), append(all, at+i+1)
		}
		n += size
	}
	for _, id := range ids {
		require.Equal(t, perStream[id], numbers(t, s.ReadStream(t.Context(), id, 0)))
	}
	for after := range len(all) {
		position := eventcore.NewPosition(0, uint64(after))
		require.Equal(t, all[after:min(after+20, len(all))], numbers(t, s.ReadAll(t.Context(), eventcore.Filter{}, position, 20)), after)
	}
	require.Equal(t, all, numbers(t, s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0)))
	for _, beyond := range []eventcore.Position{
		eventcore.NewPosition(0, uint64(len(all))), eventcore.NewPosition(0, 1<<63), eventcore.NewPosition(1, 0),
	} {
		require.Empty(t, numbers(t, s.ReadAll(t.Context(), eventcore.Filter{}, beyond, 0)))
	}
}

// TestAReadDoesNotSeeWhatIsAppendedMeanwhile appends from inside the loop, so much
// that everything grows several times.
func TestAReadDoesNotSeeWhatIsAppendedMeanwhile(t *testing.T) {
	const before = 100
	ids := streams(1)
	for name, read := range map[string]func(*memory.Store) func(func(eventcore.Recorded, error) bool){
		"stream": func(s *memory.Store) func(func(eventcore.Recorded, error) bool) {
			return s.ReadStream(t.Context(), ids[0], 0)
		},
		"all": func(s *memory.Store) func(func(eventcore.Recorded, error) bool) {
			return s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, seen := fill(t, before, ids...), 0
			for e, err := range read(s) {
				require.NoError(t, err)
				seen++
				require.EqualValues(t, seen, e.Version)
				at := eventcore.Version(before + 50*(seen-1))
				_, err = s.Append(t.Context(), batch(t, at, 50, ids...))
				require.NoError(t, err)
			}
			require.Equal(t, before, seen)
			require.Len(t, numbers(t, read(s)), before+50*before)
		})
	}
}

func TestTheClockIsTheOneGivenAndTurnedToUTC(t *testing.T) {
	s, ids := memory.New(memory.Config{Clock: stoppedClock{}}), streams(1)
	_, err := s.Append(t.Context(), batch(t, 0, 2, ids...))
	require.NoError(t, err)
	for e, err := range s.ReadStream(t.Context(), ids[0], 0) {
		require.NoError(t, err)
		require.Equal(t, time.Date(2026, 1, 2, 2, 4, 5, 6, time.UTC), e.RecordedAt)
	}
}

func TestAppendingToAReadEventChangesNoNeighbour(t *testing.T) {
	s, ids := memory.New(memory.Config{}), streams(1)
	_, err := s.Append(t.Context(), batch(t, 0, 2, ids...))
	require.NoError(t, err)
	for e, err := range s.ReadStream(t.Context(), ids[0], 0) {
		require.NoError(t, err)
		require.Equal(t, payload, e.Data)
		_ = append(e.Data, json.RawMessage(`, overwritten`)...)
		require.Equal(t, []byte(`{"correlation":"x"}`), []byte(e.Metadata)) //nolint:testifylint // the promise is the very same bytes
	}
}

func TestPositionsCountFromOne(t *testing.T) {
	s, n := fill(t, 200, streams(2)...), uint64(0)
	for e, err := range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
		require.NoError(t, err)
		n++
		require.Equal(t, eventcore.NewPosition(0, n), e.Position)
	}
	require.EqualValues(t, 200, n)
}

// TestAShortReadAllocatesNothing guards what simulated runs do most.
func TestAShortReadAllocatesNothing(t *testing.T) {
	ids := streams(1)
	s, ctx := fill(t, 100, ids...), t.Context()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for _, err := range s.ReadStream(ctx, ids[0], 90) {
			if err != nil {
				panic(fmt.Sprint("read: ", err))
			}
		}
	}))
}

// counting counts how often it is asked whether it is done, which it is.
type counting struct {
	context.Context
	asked int
}

func (c *counting) Err() error {
	c.asked++
	return context.Canceled
}

// TestAReadThatSelectsNothingEndsWithItsContext has to go through many chunks.
func TestAReadThatSelectsNothingEndsWithItsContext(t *testing.T) {
	s, ctx := fill(t, 10_000, streams(1)...), &counting{Context: t.Context()}
	for _, err := range s.ReadAll(ctx, eventcore.Filter{Types: []string{"none"}}, eventcore.Position{}, 0) {
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Equal(t, 2, ctx.asked, "behind the first chunk and at the end")
}
