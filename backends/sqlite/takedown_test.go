package sqlite_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// TestACallTakenDownWhileItOpensAConnectionGivesItsPlaceBack: a simulated task is taken down in a
// crash by a panic where it is parked, and closing the store waits for all who have a place.
func TestACallTakenDownWhileItOpensAConnectionGivesItsPlaceBack(t *testing.T) {
	spy, db := newSpy(t, file(t))
	s, err := sqlite.New(t.Context(), db, sqlite.Config{Readers: 1})
	require.NoError(t, err)
	id := eventcore.MustStreamID("a")
	spy.set(calling("PRAGMA", func() { panic("taken down") }), nil)
	require.PanicsWithValue(t, "taken down", func() {
		for range s.ReadStream(t.Context(), id, 0) {
			t.Error("nothing was appended")
		}
	})
	spy.set(nil, nil)
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		require.Fail(t, "closing the store hangs")
	}
}
