package memory_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/benchtest"
)

// payload is as long as that of a common small event.
var payload = json.RawMessage(`{"account":"a-1","amount":100,"currency":"EUR"}`)

// batch returns a batch of so many events for each of the streams, at a version.
func batch(tb testing.TB, version eventcore.Version, events int, streams ...eventcore.StreamID) eventcore.Writes {
	tb.Helper()
	var w eventcore.Writes
	for _, id := range streams {
		require.NoError(tb, w.Expect(id, version))
		for n := range events {
			event := eventcore.Proposed{Type: "deposited", Data: payload, Metadata: json.RawMessage(`{"correlation":"x"}`)}
			binary.BigEndian.PutUint64(event.ID[:], uint64(version)+uint64(n)+1)
			require.NoError(tb, w.Append(id, event))
		}
	}
	return w
}

func streams(n int) []eventcore.StreamID {
	ids := make([]eventcore.StreamID, n)
	for i := range ids {
		ids[i] = eventcore.MustStreamID(fmt.Sprintf("account-%d", i))
	}
	return ids
}

// fill returns a store with so many events, evenly spread over the streams.
func fill(tb testing.TB, events int, ids ...eventcore.StreamID) *memory.Store {
	tb.Helper()
	s := memory.New(memory.Config{})
	const step = 100
	for version := 0; version*len(ids) < events; version += step {
		for _, id := range ids {
			_, err := s.Append(tb.Context(), batch(tb, eventcore.Version(version), step, id))
			require.NoError(tb, err)
		}
	}
	return s
}

// raw does the least work that gives the same guarantees: slices and a map behind a lock.
type raw struct {
	mu      sync.RWMutex
	log     []*eventcore.Recorded
	streams map[eventcore.StreamID][]*eventcore.Recorded
}

func newRaw() *raw { return &raw{streams: map[eventcore.StreamID][]*eventcore.Recorded{}} }

func (r *raw) append(w eventcore.Writes) error {
	now := time.Now().UTC()
	r.mu.Lock()
	defer r.mu.Unlock()
	participants := w.Participants()
	for i := range participants {
		if p := &participants[i]; len(r.streams[p.Stream]) != int(p.Expected) {
			return eventcore.ErrVersionConflict
		}
	}
	for _, e := range w.Events() {
		id := participants[e.Participant].Stream
		made := &eventcore.Recorded{
			ID: e.Event.ID, Stream: id, Version: eventcore.Version(len(r.streams[id]) + 1), Type: e.Event.Type,
			Data: bytes.Clone(e.Event.Data), Metadata: bytes.Clone(e.Event.Metadata),
			RecordedAt: now, Position: eventcore.NewPosition(0, uint64(len(r.log)+1)),
		}
		r.log, r.streams[id] = append(r.log, made), append(r.streams[id], made)
	}
	return nil
}

// count hands each event to a reader, who gets to keep it: they never change.
func count(events []*eventcore.Recorded) (got int) {
	for _, e := range events {
		if take(*e) {
			got++
		}
	}
	return got
}

// take is the reader. It is no part of the loop, where the compiler would see that nobody
// looks at the event and not hand it over at all.
//
//go:noinline
func take(e eventcore.Recorded) bool { return e.Version > 0 }

func (r *raw) readStream(stream string, after int64) int {
	id := eventcore.MustStreamID(stream)
	r.mu.RLock()
	events := r.streams[id]
	r.mu.RUnlock()
	return count(events[after:])
}

func (r *raw) readAll(after int64, limit int) (n int, last int64) {
	r.mu.RLock()
	events := r.log
	r.mu.RUnlock()
	events = events[after:]
	n = count(events[:min(limit, len(events))])
	return n, after + int64(n)
}

// filled returns a store and a baseline that are filled.
func filled(b *testing.B, streams int) (*memory.Store, *raw) {
	b.Helper()
	s, r := memory.New(memory.Config{}), newRaw()
	benchtest.Fill(b, s, streams)
	for e, err := range s.ReadAll(b.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
		require.NoError(b, err)
		r.log, r.streams[e.Stream] = append(r.log, &e), append(r.streams[e.Stream], &e)
	}
	return s, r
}

func BenchmarkAppend(b *testing.B) {
	benchtest.Append(b, func(b *testing.B, _ benchtest.Shape) (store, raw benchtest.Adder) {
		s := memory.New(memory.Config{})
		return func(w eventcore.Writes) error {
			_, err := s.Append(b.Context(), w)
			return err
		}, newRaw().append
	})
}

func BenchmarkConflict(b *testing.B) {
	ids := streams(1)
	s, late := fill(b, 100, ids...), batch(b, 7, 1, ids...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Append(b.Context(), late); err == nil {
			b.Fatal("no conflict")
		}
	}
}

func BenchmarkReadStream(b *testing.B) {
	s, raw := filled(b, 1)
	benchtest.ReadStream(b, s, raw.readStream)
}

func BenchmarkReadAll(b *testing.B) {
	s, raw := filled(b, 10)
	benchtest.ReadAll(b, s, raw.readAll)
}

// BenchmarkReadAllFiltered reads the global order to its end, page by page.
func BenchmarkReadAllFiltered(b *testing.B) {
	const events, page = 100_000, 100
	s := fill(b, events, streams(10)...)
	prefix, err := eventcore.ParseStreamPrefix("account-7")
	require.NoError(b, err)
	for _, bench := range []struct {
		name   string
		filter eventcore.Filter
		want   int
	}{
		{"all", eventcore.Filter{}, events},
		{"prefix", eventcore.Filter{Prefix: prefix}, events / 10},
	} {
		b.Run(fmt.Sprintf("%s/page=%d", bench.name, page), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				got, last := 0, -1
				for after := (eventcore.Position{}); got != last; {
					last = got
					for e, err := range s.ReadAll(b.Context(), bench.filter, after, page) {
						if err != nil {
							b.Fatal(err)
						}
						after = e.Position
						got++
					}
				}
				if got != bench.want {
					b.Fatal(got)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*bench.want), "ns/event")
		})
	}
}
