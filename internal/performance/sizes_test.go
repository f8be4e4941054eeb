package performance_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/ledger"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

// openStore is a store outside of a simulation.
type openStore interface {
	eventcore.Store
	eventcore.AllReader
	io.Closer
}

// place is where a store is filled.
type place struct {
	name string
	open func(ctx context.Context) (openStore, error)
	// batch is the number of events of an append while it is filled.
	batch int
	// most is the number of events that it is filled up to.
	most int
}

// places are the backends that keep what they store. None waits for the disk: what is
// looked for is what grows.
func places(t *testing.T, e extent) []place {
	t.Helper()
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "events.db")
	all := []place{
		{"file", func(ctx context.Context) (openStore, error) {
			return file.Open(ctx, dir, file.Config{Fsync: file.FsyncNever})
		}, 10, min(e.largest, 1_000_000)},
		{"sqlite", func(ctx context.Context) (openStore, error) {
			return sqlite.Open(ctx, path, sqlite.Config{Synchronous: sqlite.SynchronousNormal})
		}, 1000, e.largest},
	}
	if !*write {
		return all
	}
	cluster, err := pgtest.Start(t.Context(), pgtest.Config{})
	if errors.Is(err, pgtest.ErrNotInstalled) {
		t.Logf("postgres is left out: %v", err)
		return all
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Close()) })
	db, err := cluster.Database(t.Context())
	require.NoError(t, err)
	return append(all, place{"postgres", func(ctx context.Context) (openStore, error) {
		return postgres.Open(ctx, db.DSN, postgres.Config{})
	}, 1000, e.largest})
}

// sizes measures calls on ever larger stores.
func sizes(t *testing.T, e extent) section {
	s := section{
		title: "Growth with the size of a store",
		before: "Median time of a call outside of a simulation, one client: an append of one event, a read of the last ten events of a stream that has a\n" +
			"tenth of all events, and the last page of 100 of the global order. Nothing waits for the disk. Then the store is opened\n" +
			"anew: its time, and the memory that the open store holds. The file store has ten events in each file.",
		header: []string{"store", "events", "append", "tail read", "last page", "open", "memory"},
	}
	for _, p := range places(t, e) {
		store, err := p.open(t.Context())
		require.NoError(t, err)
		g := &filling{t: t, place: p, calls: e.calls, versions: make([]eventcore.Version, 10)}
		for size := 1; size <= p.most; size *= 10 {
			g.fill(store, size)
			cells := []string{p.name, count(size), g.median(func() { g.append(store, 1) }), g.median(func() { g.tail(store) }), g.median(func() { g.page(store) })}
			require.NoError(t, store.Close())
			before := inUse()
			began := time.Now()
			store, err = p.open(t.Context())
			require.NoError(t, err)
			opened := duration(time.Since(began))
			s.add(append(cells, opened, strconv.FormatInt(max(0, inUse()-before)>>10, 10)+" KiB")...)
		}
		require.NoError(t, store.Close())
	}
	return s
}

// filling fills a store, by batches of ten streams in turn.
type filling struct {
	t *testing.T
	place
	// calls is the number of calls that a median is of.
	calls    int
	versions []eventcore.Version
	turn     int
	events   int
	// ends are where the last 100 appends ended in the global order.
	ends []eventcore.Position
}

func streamNumber(n int) eventcore.StreamID {
	return eventcore.MustStreamID("account-" + strconv.Itoa(n))
}

func (g *filling) fill(store openStore, size int) {
	for g.events < size {
		g.append(store, min(g.batch, size-g.events))
	}
}

func (g *filling) append(store openStore, events int) {
	n := g.turn % len(g.versions)
	g.turn++
	var w eventcore.Writes
	require.NoError(g.t, w.Expect(streamNumber(n), g.versions[n]))
	list := make([]eventcore.Proposed, events)
	for i := range list {
		list[i] = ledger.Event("deposited", `{"account":"a-1","amount":100,"currency":"EUR"}`)
	}
	require.NoError(g.t, w.Append(streamNumber(n), list...))
	done, err := store.Append(g.t.Context(), w)
	require.NoError(g.t, err)
	g.versions[n] += eventcore.Version(events)
	g.events += events
	g.ends = append(g.ends, done.Last)
	if len(g.ends) > 100 {
		g.ends = slices.Delete(g.ends, 0, len(g.ends)-100)
	}
}

func (g *filling) tail(store openStore) {
	n := (g.turn - 1) % len(g.versions)
	from := max(10, g.versions[n]) - 10
	seen := 0
	for _, err := range store.ReadStream(g.t.Context(), streamNumber(n), from) {
		require.NoError(g.t, err)
		seen++
	}
	require.Equal(g.t, int(g.versions[n]-from), seen)
}

func (g *filling) page(store openStore) {
	for _, err := range store.ReadAll(g.t.Context(), eventcore.Filter{}, g.ends[0], 100) {
		require.NoError(g.t, err)
	}
}

// median returns the median time of a call.
func (g *filling) median(call func()) string {
	var times []time.Duration
	for range g.calls {
		began := time.Now()
		call()
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	return duration(times[len(times)/2])
}
