package gate_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/internal/gate"
)

var errClosed = errors.New("closed")

func TestAGateThatClosesTurnsAwayThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate.New(1, errClosed)
		require.NoError(t, g.Enter(t.Context(), "first"))
		waiting, closed := make(chan error, 1), make(chan struct{})
		go func() { waiting <- g.Enter(t.Context(), "second") }()
		synctest.Wait()
		require.Empty(t, waiting)
		go func() { g.Close(); close(closed) }()
		require.ErrorIs(t, <-waiting, errClosed)
		synctest.Wait()
		select {
		case <-closed:
			require.Fail(t, "one is still in")
		default:
		}
		g.Leave()
		<-closed
		require.ErrorIs(t, g.Enter(t.Context(), "late"), errClosed)
	})
}

func TestAGateLetsOneInForEachWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := gate.New(2, errClosed)
		ctx, cancel := context.WithCancel(t.Context())
		in := make(chan error, 5)
		for range 5 {
			go func() { in <- g.Enter(ctx, "") }()
		}
		synctest.Wait()
		require.Len(t, in, 2)
		g.Leave()
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
