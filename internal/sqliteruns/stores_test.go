package sqliteruns_test

import (
	"io"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/sqliteruns"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

func TestEachRunBeginsWithNothing(t *testing.T) {
	stores := open(t)
	id := eventcore.MustStreamID("a")
	for range 3 {
		s, err := stores.Open(t.Context(), sqlite.Config{}, 0)
		require.NoError(t, err)
		var w eventcore.Writes
		require.NoError(t, w.Expect(id, 0))
		require.NoError(t, w.Append(id, eventcore.Proposed{ID: uuid.Must(uuid.NewV7()), Type: "x", Data: []byte("1")}))
		done, err := s.Append(t.Context(), w)
		require.NoError(t, err)
		require.Equal(t, eventcore.NewPosition(0, 1), done.Last)
		require.NoError(t, s.(io.Closer).Close())
	}
}

// points writes down where a task parks.
type points []string

func (p *points) Yield(name string)               { *p = append(*p, name) }
func (p *points) Wait(name string, _ func() bool) { p.Yield(name) }

func TestEachStatementIsAStep(t *testing.T) {
	for _, connections := range []int{0, 1} {
		s, err := open(t).Open(t.Context(), sqlite.Config{}, connections)
		require.NoError(t, err)
		var seen points
		for range s.ReadStream(yield.NewContext(t.Context(), &seen), eventcore.MustStreamID("a"), 0) {
			t.Fatal("there is nothing")
		}
		require.Contains(t, seen, "sql: rows")
		require.NoError(t, s.(io.Closer).Close())
	}
}

func TestNothingIsOpenedOnceTheyAreClosed(t *testing.T) {
	var stores sqliteruns.Stores
	require.NoError(t, stores.Close())
	_, err := stores.Open(t.Context(), sqlite.Config{}, 0)
	require.ErrorContains(t, err, "closed")
}

func BenchmarkOpen(b *testing.B) {
	stores := open(b)
	b.ReportAllocs()
	for b.Loop() {
		s, err := stores.Open(b.Context(), sqlite.Config{Synchronous: sqlite.SynchronousNormal}, 0)
		require.NoError(b, err)
		require.NoError(b, s.(io.Closer).Close())
	}
}

func open(tb testing.TB) *sqliteruns.Stores {
	tb.Helper()
	stores := &sqliteruns.Stores{}
	tb.Cleanup(func() { require.NoError(tb, stores.Close()) })
	return stores
}
