package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

// The benchmarks stand beside a raw baseline: the least work for the same guarantee
// with bare pgx on the same tables (raw_test.go).

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

// BenchmarkAppend has a server that syncs each commit to the disk, and one that does not.
func BenchmarkAppend(b *testing.B) {
	for _, fsync := range []bool{true, false} {
		cluster, err := pgtest.Start(context.WithoutCancel(b.Context()), pgtest.Config{Fsync: fsync})
		require.NoError(b, err)
		for _, shape := range []struct{ streams, events int }{{1, 1}, {1, 10}, {2, 1}} {
			for _, n := range clients {
				name := fmt.Sprintf("fsync=%v/streams=%d/events=%d/clients=%d", fsync, shape.streams, shape.events, n)
				b.Run(name+"/store", func(b *testing.B) {
					s := open(b, fresh(b, cluster), postgres.Config{})
					benchmarkAppend(b, n, shape.streams, shape.events, func(w eventcore.Writes) error {
						_, err := s.Append(b.Context(), w)
						return err
					})
				})
				b.Run(name+"/raw", func(b *testing.B) {
					r := openRaw(b, fresh(b, cluster))
					query := rawInsert(shape.streams, shape.events)
					benchmarkAppend(b, n, shape.streams, shape.events, func(w eventcore.Writes) error {
						return r.append(w, query)
					})
				})
			}
		}
		require.NoError(b, cluster.Close())
	}
}

// fresh returns an empty database.
func fresh(b *testing.B, cluster *pgtest.Cluster) string {
	b.Helper()
	db, err := cluster.Database(b.Context())
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	return db.DSN
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

// filled returns a database with 100,000 events, in one stream or in ten.
func filled(b *testing.B, streams int) string {
	b.Helper()
	const events, step = 100_000, 1000
	dsn := server.DSN(b)
	s := open(b, dsn, postgres.Config{})
	for version := 0; version < events/streams; version += step {
		for n := range streams {
			appendTo(b, s, eventcore.Version(version), step, streamOf(0, n))
		}
	}
	conn := connectTo(b, dsn)
	run(b, conn, "VACUUM ANALYZE eventcore_events")
	return dsn
}

func BenchmarkReadStream(b *testing.B) {
	dsn := filled(b, 1)
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
				s := open(b, dsn, postgres.Config{})
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
				r := openRaw(b, dsn)
				spread(b, n, func(int) {
					count(b, r.readStream(streamOf(0, 0).String(), int64(after)))
				})
			})
		}
	}
}

func BenchmarkReadAll(b *testing.B) {
	const events, limit = 100_000, 100
	dsn := filled(b, 10)
	for _, n := range clients {
		b.Run(fmt.Sprintf("page=%d/clients=%d/store", limit, n), func(b *testing.B) {
			s := open(b, dsn, postgres.Config{})
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
			r := openRaw(b, dsn)
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
