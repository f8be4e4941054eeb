package memory_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
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

// rounds is the number of versions for which batches are prepared. The store is
// renewed when they are used up, so that it does not outgrow the machine.
const rounds = 1 << 13

func BenchmarkAppend(b *testing.B) {
	for _, bench := range []struct{ streams, events int }{{1, 1}, {1, 10}, {2, 1}} {
		b.Run(fmt.Sprintf("streams=%d/events=%d", bench.streams, bench.events), func(b *testing.B) {
			ids := streams(bench.streams)
			prepared := make([]eventcore.Writes, rounds)
			for i := range prepared {
				prepared[i] = batch(b, eventcore.Version(i*bench.events), bench.events, ids...)
			}
			clock := stoppedClock{}
			s, next := memory.New(memory.Config{Clock: clock}), 0
			b.ReportAllocs()
			for b.Loop() {
				if next == rounds {
					s, next = memory.New(memory.Config{Clock: clock}), 0
				}
				if _, err := s.Append(b.Context(), prepared[next]); err != nil {
					b.Fatal(err)
				}
				next++
			}
		})
	}
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
	for _, events := range []int{10, 100_000} {
		b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) {
			ids := streams(1)
			s := fill(b, max(events, 100), ids...)
			after := eventcore.Version(max(events, 100) - events)
			b.ReportAllocs()
			for b.Loop() {
				got := 0
				for _, err := range s.ReadStream(b.Context(), ids[0], after) {
					if err != nil {
						b.Fatal(err)
					}
					got++
				}
				if got != events {
					b.Fatal(got)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
		})
	}
}

func BenchmarkReadAll(b *testing.B) {
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
