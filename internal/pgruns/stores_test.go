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
		s, err := stores.Open(t.Context(), postgres.Config{}, 0, false)
		require.NoError(t, err)
		other, err := stores.Open(t.Context(), postgres.Config{}, 0, false)
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

func TestARunThatIsAloneCrashesNobodyElse(t *testing.T) {
	stores := open(t)
	other, err := stores.Open(t.Context(), postgres.Config{}, 0, false)
	require.NoError(t, err)
	require.Error(t, stores.Restart(t.Context(), other))
	for range 2 { // the second one finds what the first one left
		s, err := stores.Open(t.Context(), postgres.Config{}, 0, true)
		require.NoError(t, err)
		t.Cleanup(func() {
			if t.Failed() {
				_ = s.(io.Closer).Close() // else closing the stores waits for it
			}
		})
		id := eventcore.MustStreamID("a")
		for version := range eventcore.Version(2) {
			var w eventcore.Writes
			require.NoError(t, w.Expect(id, version))
			require.NoError(t, w.Append(id, eventcore.Proposed{ID: uuid.Must(uuid.NewV7()), Type: "x", Data: []byte("1")}))
			_, err = s.Append(t.Context(), w)
			require.NoError(t, err)
			require.NoError(t, stores.Restart(t.Context(), s))
		}
		require.NoError(t, s.(io.Closer).Close())
	}
	_, err = other.Append(t.Context(), eventcore.Writes{})
	require.NoError(t, err)
	require.NoError(t, other.(io.Closer).Close())
}

func BenchmarkOpen(b *testing.B) {
	stores := open(b)
	b.ReportAllocs()
	for b.Loop() {
		s, err := stores.Open(b.Context(), postgres.Config{}, 0, false)
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
