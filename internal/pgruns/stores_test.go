package pgruns_test

import (
	"io"
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgruns"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

var server pgtest.Once

func TestMain(m *testing.M) { os.Exit(server.Run(m)) }

func TestEachRunBeginsWithNothing(t *testing.T) {
	stores := open(t)
	id := eventcore.MustStreamID("a")
	for range 250 { // so that places are given up and made anew
		s, err := stores.Open(t.Context(), postgres.Config{}, 0)
		require.NoError(t, err)
		other, err := stores.Open(t.Context(), postgres.Config{}, 0)
		require.NoError(t, err)
		for _, s := range []eventcore.Store{s, other} {
			var w eventcore.Writes
			require.NoError(t, w.Expect(id, 0))
			require.NoError(t, w.Append(id, eventcore.Proposed{ID: uuid.Must(uuid.NewV7()), Type: "x", Data: []byte("1")}))
			done, err := s.Append(t.Context(), w)
			require.NoError(t, err)
			require.Equal(t, eventcore.NewPosition(0, 1), done.Last)
		}
		require.NoError(t, s.(io.Closer).Close())
		require.NoError(t, other.(io.Closer).Close())
	}
}

func BenchmarkOpen(b *testing.B) {
	stores := open(b)
	b.ReportAllocs()
	for b.Loop() {
		s, err := stores.Open(b.Context(), postgres.Config{}, 0)
		require.NoError(b, err)
		require.NoError(b, s.(io.Closer).Close())
	}
}

func open(tb testing.TB) *pgruns.Stores {
	tb.Helper()
	server.DSN(tb) // or skip
	cluster, err := server.Cluster()
	require.NoError(tb, err)
	stores, err := pgruns.New(tb.Context(), cluster)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, stores.Close()) })
	return stores
}
