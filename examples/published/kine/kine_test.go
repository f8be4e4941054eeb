package kine_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/examples/published"
	"github.com/eventcore-go/eventcore-sim/examples/published/kine"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

func TestMain(m *testing.M) {
	logrus.SetOutput(io.Discard)
	os.Exit(m.Run())
}

// onPostgres opens all that there is on PostgreSQL, each in a place of its own.
func onPostgres(t testing.TB, cluster *pgtest.Cluster, sync bool) []published.Named {
	t.Helper()
	log, err := kine.OpenPostgres(context.WithoutCancel(t.Context()), published.Database(t, cluster, sync), published.Connections)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close()) })
	return append(published.OnPostgres(t, cluster, sync), published.Named{Name: "kine", Log: log})
}

// onSQLite opens all that there is on SQLite, each in a file of its own.
func onSQLite(t testing.TB, synchronous sqlite.Synchronous) []published.Named {
	t.Helper()
	ctx, dir := context.WithoutCancel(t.Context()), t.TempDir()
	store, err := sqlite.Open(ctx, filepath.Join(dir, "eventcore.db"), sqlite.Config{Synchronous: synchronous, Readers: published.Connections})
	require.NoError(t, err)
	log, err := kine.OpenSQLite(ctx, filepath.Join(dir, "kine.db"), word(synchronous), published.Connections)
	require.NoError(t, err)
	logs := []published.Named{{Name: "eventcore", Log: published.Eventcore{Backend: store}}, {Name: "kine", Log: log}}
	for _, log := range logs {
		t.Cleanup(func() { require.NoError(t, log.Close()) })
	}
	return logs
}

// word returns SQLite's word.
func word(synchronous sqlite.Synchronous) string {
	if synchronous == sqlite.SynchronousNormal {
		return "NORMAL"
	}
	return "FULL"
}

func TestLogsDoWhatIsMeasured(t *testing.T) {
	for name, logs := range map[string][]published.Named{
		"postgres": onPostgres(t, published.Cluster(t), true), "sqlite": onSQLite(t, sqlite.SynchronousFull),
	} {
		for _, log := range logs {
			t.Run(name+"/"+log.Name, func(t *testing.T) { published.Check(t, log.Log) })
		}
	}
}

// TestAnAppendTakesTwoConnections shows why the pools are as large as they are. On PostgreSQL kine 0.17.5 begins a transaction
// and inserts beside it, on another connection: with as many appends at once as there are connections it waits for ever.
func TestAnAppendTakesTwoConnections(t *testing.T) {
	cluster := published.Cluster(t)
	for connections, want := range map[int]error{1: context.DeadlineExceeded, 2: nil} {
		log, err := kine.OpenPostgres(context.WithoutCancel(t.Context()), published.Database(t, cluster, true), connections)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, log.Close()) })
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err = log.Append(ctx, "a", 0, []byte(`{}`))
		require.ErrorIs(t, err, want, "with %d connections", connections)
	}
}

func BenchmarkAppend(b *testing.B) {
	cluster := published.Cluster(b)
	for _, sync := range []bool{true, false} {
		b.Run(fmt.Sprintf("on=postgres/sync=%v", sync), func(b *testing.B) {
			published.Appends(b, func(b *testing.B) []published.Named { return onPostgres(b, cluster, sync) })
		})
	}
	for _, synchronous := range []sqlite.Synchronous{sqlite.SynchronousFull, sqlite.SynchronousNormal} {
		b.Run("on=sqlite/sync="+word(synchronous), func(b *testing.B) {
			published.Appends(b, func(b *testing.B) []published.Named { return onSQLite(b, synchronous) })
		})
	}
}

func BenchmarkRead(b *testing.B) {
	b.Run("on=postgres", func(b *testing.B) {
		cluster := published.Cluster(b)
		published.Reads(b, onPostgres(b, cluster, false), func(b *testing.B) { published.Analyze(b, cluster) })
	})
	b.Run("on=sqlite", func(b *testing.B) {
		published.Reads(b, onSQLite(b, sqlite.SynchronousNormal), func(*testing.B) {})
	})
}
