package eventcore_test

import (
	"context"
	"encoding/json"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// frozenStore always holds the same events and costs next to nothing itself: what
// is left to measure is the executor. The first of each conflictEvery appends conflicts.
type frozenStore struct {
	id            eventcore.StreamID
	events        []eventcore.Recorded
	conflictEvery int
	appends       int
	result        []eventcore.StreamVersion
	conflict      *eventcore.VersionConflict
}

func (s *frozenStore) Append(_ context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	s.appends++
	if s.conflictEvery > 0 && s.appends%s.conflictEvery == 1 {
		return eventcore.Appended{}, s.conflict
	}
	s.result[0].Version = w.Participants()[0].Expected + 1
	return eventcore.Appended{Streams: s.result}, nil
}

func (s *frozenStore) ReadStream(context.Context, eventcore.StreamID, eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return s.all
}

func (s *frozenStore) all(yield func(eventcore.Recorded, error) bool) {
	for i := range s.events {
		if !yield(s.events[i], nil) {
			return
		}
	}
}

func newFrozenStore(events int) *frozenStore {
	id := eventcore.MustStreamID("account-1")
	s := &frozenStore{
		id: id, result: []eventcore.StreamVersion{{Stream: id}},
		conflict: &eventcore.VersionConflict{Stream: id, Expected: 1, Actual: 2},
	}
	for v := range events {
		s.events = append(s.events, eventcore.Recorded{
			ID: eventcore.EventID{15: byte(v)}, Stream: id, Version: eventcore.Version(v + 1),
			Type: "deposited", Data: json.RawMessage(`{"amount":5}`),
		})
	}
	return s
}

// constCodec decodes and encodes nothing, so that a benchmark sees the executor alone.
type constCodec struct{ event any }

func (c constCodec) Encode(any) (string, json.RawMessage, error) {
	return "deposited", json.RawMessage(`{"amount":5}`), nil
}
func (c constCodec) Decode(string, json.RawMessage) (any, error) { return c.event, nil }

// stoppedClock stands still and does not wait.
type stoppedClock struct{}

func (stoppedClock) Now() time.Time                                   { return time.UnixMilli(1_700_000_000_000).UTC() }
func (stoppedClock) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func BenchmarkExecute(b *testing.B) {
	constant := constCodec{bankEvent(deposited{5})}
	for _, bench := range []struct {
		name          string
		codec         eventcore.Codec
		conflictEvery int
	}{
		{"codec=none/conflicts=0", constant, 0},
		{"codec=none/conflicts=1", constant, 2},
		{"codec=registry/conflicts=0", bankRegistry(b), 0},
		{"codec=registry/conflicts=1", bankRegistry(b), 2},
	} {
		b.Run(bench.name, func(b *testing.B) {
			store := newFrozenStore(10)
			store.conflictEvery = bench.conflictEvery
			random := rand.New(rand.NewPCG(1, 2))
			options := []eventcore.Option{
				eventcore.WithCodec(bench.codec), eventcore.WithClock(stoppedClock{}), eventcore.WithRandom(random),
				eventcore.WithIDs(eventcore.NewIDGenerator(stoppedClock{}, random)),
			}
			command := &withdraw{from: []eventcore.StreamID{store.id}, amount: 5}
			b.ReportAllocs()
			for b.Loop() {
				executed, err := eventcore.Execute(b.Context(), store, command, options...)
				if err != nil || (executed.Attempts == 2) != (bench.conflictEvery == 2) {
					b.Fatal(executed, err)
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	store, codec := newFrozenStore(1000), bankRegistry(b)
	b.ReportAllocs()
	for b.Loop() {
		sum := 0
		for e, err := range eventcore.Read[bankEvent](b.Context(), store, codec, store.id, 0) {
			if err != nil {
				b.Fatal(err)
			}
			sum += e.Payload.change()
		}
		require.Equal(b, 5000, sum)
	}
}

func BenchmarkRegistry(b *testing.B) {
	r := bankRegistry(b)
	b.Run("Encode", func(b *testing.B) {
		event := bankEvent(deposited{5})
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := r.Encode(event); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Decode", func(b *testing.B) {
		data := json.RawMessage(`{"amount":500}`)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.Decode("deposited", data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
