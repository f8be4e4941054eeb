package jetstream_test

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"example.org/jetstream"
	"github.com/nats-io/nats-server/v2/server"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// BenchmarkAppend puts JetStream beside the backends of this repository, on one disk and with one promise: what was
// acknowledged was synced. They take turns, so that what else the machine does hits all of them.
func BenchmarkAppend(b *testing.B) {
	for _, clients := range []int{1, 8} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			names, stores := synced(b)
			took := make([]time.Duration, len(stores))
			versions := make([]eventcore.Version, clients)
			const each = 4
			rounds := 0
			for b.Loop() {
				for i := range stores {
					began := time.Now()
					appendAll(b, stores[i], versions, each)
					took[i] += time.Since(began)
				}
				for c := range versions {
					versions[c] += each
				}
				rounds++
			}
			for i, name := range names {
				b.ReportMetric(float64(rounds*clients*each)/took[i].Seconds(), name+"/s")
			}
			b.ReportMetric(0, "ns/op") // of all of them together: says nothing
		})
	}
}

// synced returns stores that sync what they acknowledge.
func synced(b *testing.B) (names []string, stores []eventcore.Store) {
	b.Helper()
	dir := b.TempDir()
	js := connect(b, &server.Options{SyncAlways: true})
	published, err := jetstream.New(b.Context(), js, "bench", natsjs.FileStorage, eventcore.SystemClock{})
	if err != nil {
		b.Fatal(err)
	}
	files, err := file.Open(b.Context(), filepath.Join(dir, "files"), file.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = files.Close() })
	database, err := sqlite.Open(b.Context(), filepath.Join(dir, "events.db"), sqlite.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = database.Close() })
	return []string{"jetstream", "file", "sqlite"}, []eventcore.Store{published, files, database}
}

// appendAll has each client append single events to a stream of its own, at the same time as the others.
func appendAll(b *testing.B, store eventcore.Store, versions []eventcore.Version, each int) {
	b.Helper()
	var clients sync.WaitGroup
	for c, version := range versions {
		clients.Go(func() {
			id := eventcore.MustStreamID(fmt.Sprint("account-", c))
			for n := range each {
				var w eventcore.Writes
				event := eventcore.Proposed{
					ID:   idOf(c, version+eventcore.Version(n)),
					Type: "deposited", Data: []byte(`{"account":"a-1","amount":100,"currency":"EUR"}`),
				}
				for _, err := range []error{w.Expect(id, version+eventcore.Version(n)), w.Append(id, event)} {
					if err != nil {
						b.Error(err)
					}
				}
				if _, err := store.Append(b.Context(), w); err != nil {
					b.Error(err)
				}
			}
		})
	}
	clients.Wait()
}

func idOf(client int, version eventcore.Version) (id eventcore.EventID) {
	binary.BigEndian.PutUint64(id[:8], uint64(client))
	binary.BigEndian.PutUint64(id[8:], uint64(version)+1)
	return id
}
