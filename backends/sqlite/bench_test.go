package sqlite_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// The benchmarks stand beside a raw baseline: the least work for the same guarantee
// with bare database/sql on the same tables (raw_test.go).

// clients are the numbers of goroutines that work at the same time.
var clients = []int{1, 8, 32}

// spread has b.Loop's iterations done by so many goroutines.
func spread(b *testing.B, clients int, work func(client int)) {
	b.Helper()
	b.ReportAllocs()
	if clients == 1 {
		for b.Loop() {
			work(0)
		}
		return
	}
	turns := make(chan struct{})
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			for range turns {
				work(client)
			}
		})
	}
	for b.Loop() {
		turns <- struct{}{}
	}
	close(turns)
	group.Wait()
}

// streamOf returns a stream of a client's own.
func streamOf(client, n int) eventcore.StreamID {
	return eventcore.MustStreamID(fmt.Sprintf("account-%d-%d", client, n))
}

func BenchmarkAppend(b *testing.B) {
	for _, shape := range []struct{ streams, events int }{{1, 1}, {1, 10}, {2, 1}} {
		for _, n := range clients {
			name := fmt.Sprintf("streams=%d/events=%d/clients=%d", shape.streams, shape.events, n)
			for _, sync := range []sqlite.Synchronous{sqlite.SynchronousFull, sqlite.SynchronousNormal} {
				cfg, mode := sqlite.Config{Synchronous: sync}, map[sqlite.Synchronous]string{0: "full", 1: "normal"}[sync]
				b.Run(name+"/sync="+mode+"/store", func(b *testing.B) {
					s := open(b, file(b), cfg)
					benchmarkAppend(b, n, shape.streams, shape.events, func(w eventcore.Writes) error {
						_, err := s.Append(b.Context(), w)
						return err
					})
				})
				b.Run(name+"/sync="+mode+"/raw", func(b *testing.B) {
					r := openRaw(b, file(b), cfg)
					benchmarkAppend(b, n, shape.streams, shape.events, r.append)
				})
			}
		}
	}
}

// benchmarkAppend lets each client append to streams of its own, as versions go up.
func benchmarkAppend(b *testing.B, clients, streams, events int, add func(eventcore.Writes) error) {
	b.Helper()
	ids, versions := make([][]eventcore.StreamID, clients), make([]eventcore.Version, clients)
	for client := range clients {
		for n := range streams {
			ids[client] = append(ids[client], streamOf(client, n))
		}
	}
	event := proposed("deposited", `{"account":"a-1","amount":100,"currency":"EUR"}`)
	list := make([]eventcore.Proposed, events)
	for i := range list {
		list[i] = event
	}
	spread(b, clients, func(client int) {
		var w eventcore.Writes
		for _, id := range ids[client] {
			if err := w.Expect(id, versions[client]); err != nil {
				b.Error(err)
			}
			if err := w.Append(id, list...); err != nil {
				b.Error(err)
			}
		}
		if err := add(w); err != nil {
			b.Error(err)
		}
		versions[client] += eventcore.Version(events)
	})
}

// filled returns the file of a store with 100,000 events, in one stream or in ten.
func filled(b *testing.B, streams int) string {
	b.Helper()
	const events, step = 100_000, 1000
	path := file(b)
	s := open(b, path, sqlite.Config{})
	for version := 0; version < events/streams; version += step {
		for n := range streams {
			appendTo(b, s, eventcore.Version(version), step, streamOf(0, n))
		}
	}
	return path
}

func BenchmarkReadStream(b *testing.B) {
	path := filled(b, 1)
	for _, n := range clients {
		for _, events := range []int{10, 100_000} {
			after := eventcore.Version(100_000 - events)
			count := func(b *testing.B, got int) {
				b.Helper()
				if got != events {
					b.Error(got)
				}
			}
			b.Run(fmt.Sprintf("events=%d/clients=%d/store", events, n), func(b *testing.B) {
				s := open(b, path, sqlite.Config{})
				spread(b, n, func(int) {
					got := 0
					for _, err := range s.ReadStream(b.Context(), streamOf(0, 0), after) {
						if err != nil {
							b.Error(err)
						}
						got++
					}
					count(b, got)
				})
			})
			b.Run(fmt.Sprintf("events=%d/clients=%d/raw", events, n), func(b *testing.B) {
				r := openRaw(b, path, sqlite.Config{})
				spread(b, n, func(int) {
					count(b, r.readStream(streamOf(0, 0).String(), uint64(after)))
				})
			})
		}
	}
}

func BenchmarkReadAll(b *testing.B) {
	const events, limit = 100_000, 100
	path := filled(b, 10)
	for _, n := range clients {
		b.Run(fmt.Sprintf("page=%d/clients=%d/store", limit, n), func(b *testing.B) {
			s := open(b, path, sqlite.Config{})
			after := make([]eventcore.Position, n)
			spread(b, n, func(client int) {
				got := 0
				for e, err := range s.ReadAll(b.Context(), eventcore.Filter{}, after[client], limit) {
					if err != nil {
						b.Error(err)
					}
					got++
					after[client] = e.Position
				}
				if got != limit {
					b.Error(got)
				}
				if _, at := after[client].Parts(); at == events {
					after[client] = eventcore.Position{}
				}
			})
		})
		b.Run(fmt.Sprintf("page=%d/clients=%d/raw", limit, n), func(b *testing.B) {
			r := openRaw(b, path, sqlite.Config{})
			after := make([]int64, n)
			spread(b, n, func(client int) {
				var got int
				if got, after[client] = r.readAll(after[client], limit); got != limit {
					b.Error(got)
				}
				if after[client] == events {
					after[client] = 0
				}
			})
		})
	}
}

// BenchmarkReadAllFiltered reads the 100 events of one stream among 100,000 others.
func BenchmarkReadAllFiltered(b *testing.B) {
	path := filled(b, 1)
	s := open(b, path, sqlite.Config{})
	appendTo(b, s, 0, 100, eventcore.MustStreamID("rare-1"))
	prefix, err := eventcore.ParseStreamPrefix("rare-")
	require.NoError(b, err)
	pattern, err := eventcore.ParseStreamPattern("*are-[0-9]")
	require.NoError(b, err)
	for name, filter := range map[string]eventcore.Filter{
		"prefix": {Prefix: prefix}, "pattern": {Pattern: pattern}, "type": {Types: []string{"none"}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range s.ReadAll(b.Context(), filter, eventcore.Position{}, 0) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
