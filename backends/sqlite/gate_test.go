package sqlite

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestAGateThatClosesTurnsAwayThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		require.NoError(t, g.enter(t.Context(), "first"))
		waiting, closed := make(chan error, 1), make(chan struct{})
		go func() { waiting <- g.enter(t.Context(), "second") }()
		synctest.Wait()
		require.Empty(t, waiting)
		go func() { g.close(); close(closed) }()
		require.ErrorIs(t, <-waiting, ErrClosed)
		synctest.Wait()
		select {
		case <-closed:
			require.Fail(t, "one is still in")
		default:
		}
		g.leave()
		<-closed
		require.ErrorIs(t, g.enter(t.Context(), "late"), ErrClosed)
	})
}

func TestAGateLetsOneInForEachWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2)
		ctx, cancel := context.WithCancel(t.Context())
		in := make(chan error, 5)
		for range 5 {
			go func() { in <- g.enter(ctx, "") }()
		}
		synctest.Wait()
		require.Len(t, in, 2)
		g.leave()
		synctest.Wait()
		require.Len(t, in, 3)
		cancel()
		synctest.Wait()
		require.Len(t, in, 5)
		failed := 0
		for range 5 {
			if err := <-in; err != nil {
				require.ErrorIs(t, err, context.Canceled)
				failed++
			}
		}
		require.Equal(t, 2, failed)
	})
}
