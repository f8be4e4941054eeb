package eventcore_test

import (
	"context"
	"encoding/json"
	"iter"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// endlessStore makes up its events while they are read, and looks at the heap
// meanwhile: what grows with the stream is what the reader keeps.
type endlessStore struct {
	events int
	peak   uint64
}

func (s *endlessStore) Append(context.Context, eventcore.Writes) (eventcore.Appended, error) {
	return eventcore.Appended{}, nil
}

func (s *endlessStore) ReadStream(_ context.Context, id eventcore.StreamID, _ eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		for n := range s.events {
			e := eventcore.Recorded{
				ID: eventcore.EventID{0: 1, 15: byte(n)}, Stream: id, Version: eventcore.Version(n + 1),
				Type: "deposited", Data: json.RawMessage(`{"amount":1000}`),
			}
			if !yield(e, nil) {
				return
			}
			if (n+1)%(s.events/20) == 0 {
				s.sample()
			}
		}
	}
}

// sample notes the greatest live heap: without a collection before it the peak would
// show how lazy the collector is.
func (s *endlessStore) sample() {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	s.peak = max(s.peak, stats.HeapAlloc)
}

// maxGrowth is how much more memory a stream a hundred times as long may take.
const maxGrowth = 4 << 20

// growth returns by how many bytes the peak of a reading of many events is above that
// of a reading of few.
func growth(t *testing.T, few, many int, read func(*testing.T, eventcore.Store, int)) int64 {
	t.Helper()
	short, long := &endlessStore{events: few}, &endlessStore{events: many}
	read(t, short, few)
	read(t, long, many)
	return int64(long.peak) - int64(short.peak)
}

func executeCounting(t *testing.T, store eventcore.Store, events int) {
	t.Helper()
	executed, err := eventcore.Execute(t.Context(), store, &withdraw{from: []eventcore.StreamID{streamA}, amount: events * 1000},
		eventcore.WithCodec(bankRegistry(t)))
	require.NoError(t, err, "the whole balance was folded")
	require.EqualValues(t, events, executed.Read[0].Version)
}

func readCounting(t *testing.T, store eventcore.Store, events int) {
	t.Helper()
	sum := 0
	for e, err := range eventcore.Read[bankEvent](t.Context(), store, bankRegistry(t), streamA, 0) {
		if err != nil {
			t.Fatal(err)
		}
		sum += e.Payload.change()
	}
	require.Equal(t, events*1000, sum)
}

func TestMemoryDoesNotGrowWithTheStream(t *testing.T) {
	many := 1_000_000
	if testing.Short() {
		many = 100_000
	}
	for name, read := range map[string]func(*testing.T, eventcore.Store, int){
		"Execute": executeCounting, "Read": readCounting,
	} {
		t.Run(name, func(t *testing.T) {
			require.Less(t, growth(t, many/100, many, read), int64(maxGrowth))
		})
	}
}

// hoarder is a command that keeps every event it is given.
type hoarder struct{}

func (hoarder) Streams() []eventcore.StreamID { return []eventcore.StreamID{streamA} }

func (hoarder) Apply(events []eventcore.Event[bankEvent], e eventcore.Event[bankEvent]) []eventcore.Event[bankEvent] {
	return append(events, e)
}

func (hoarder) Handle([]eventcore.Event[bankEvent]) ([]eventcore.Emit[bankEvent], error) {
	return nil, nil
}

func executeHoarding(t *testing.T, store eventcore.Store, events int) {
	t.Helper()
	executed, err := eventcore.Execute(t.Context(), store, hoarder{}, eventcore.WithCodec(bankRegistry(t)))
	require.NoError(t, err)
	require.EqualValues(t, events, executed.Read[0].Version)
}

func readHoarding(t *testing.T, store eventcore.Store, _ int) {
	t.Helper()
	var events []eventcore.Event[bankEvent]
	for e, err := range eventcore.Read[bankEvent](t.Context(), store, bankRegistry(t), streamA, 0) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	runtime.KeepAlive(events)
}

// TestMemoryOfACollectorIsNoticed plants a command and a reader that keep their events,
// over a stream ten times shorter than that above.
func TestMemoryOfACollectorIsNoticed(t *testing.T) {
	if testing.Short() {
		t.Skip("collects garbage for long; left out with -short")
	}
	for name, read := range map[string]func(*testing.T, eventcore.Store, int){
		"Execute": executeHoarding, "Read": readHoarding,
	} {
		t.Run(name, func(t *testing.T) {
			require.Greater(t, growth(t, 1000, 100_000, read), int64(maxGrowth))
		})
	}
}
