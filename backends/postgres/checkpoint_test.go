package postgres_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
	"github.com/eventcore-go/eventcore-sim/internal/statetest"
)

var (
	_ eventcore.CheckpointStore = (*postgres.Store)(nil)
	_ eventcore.Coordinator     = (*postgres.Store)(nil)
	_ eventcore.SnapshotStore   = (*postgres.Store)(nil)
)

// onServer is a schema on the server. Each handle is a store of its own.
func onServer[S any](tb testing.TB) statetest.Place[S] {
	tb.Helper()
	return at[S](server.DSN(tb))
}

func at[S any](dsn string) statetest.Place[S] {
	return statetest.Place[S]{
		Open: func(ctx context.Context) (S, error) {
			s, err := postgres.Open(ctx, dsn, postgres.Config{})
			handle, _ := any(s).(S)
			return handle, err
		},
		Close: func(handle S) error { return any(handle).(*postgres.Store).Close() },
	}
}

// strictly is like onServer, but transactions have the strictest isolation.
func strictly[S any](tb testing.TB) statetest.Place[S] {
	tb.Helper()
	if testing.Short() {
		tb.Skip("what the level changes is the server's")
	}
	dsn := server.DSN(tb)
	open(tb, dsn, postgres.Config{})
	return at[S](pgtest.With(dsn, "default_transaction_isolation", "serializable"))
}

func TestCheckpoints(t *testing.T) {
	t.Parallel()
	t.Run("read committed", func(t *testing.T) {
		t.Parallel()
		statetest.Checkpoints(t, onServer[eventcore.CheckpointStore])
	})
	t.Run("serializable", func(t *testing.T) {
		t.Parallel()
		statetest.Checkpoints(t, strictly[eventcore.CheckpointStore])
	})
}

func TestSnapshots(t *testing.T) {
	t.Parallel()
	t.Run("read committed", func(t *testing.T) {
		t.Parallel()
		statetest.Snapshots(t, onServer[eventcore.SnapshotStore])
	})
	t.Run("serializable", func(t *testing.T) {
		t.Parallel()
		statetest.Snapshots(t, strictly[eventcore.SnapshotStore])
	})
}

func TestLeases(t *testing.T) {
	t.Parallel()
	t.Run("read committed", func(t *testing.T) {
		t.Parallel()
		statetest.Leases(t, onServer[eventcore.Coordinator])
	})
	t.Run("serializable", func(t *testing.T) {
		t.Parallel()
		if testing.Short() {
			t.Skip("the statements are those of read committed")
		}
		statetest.LeasesRaced(t, strictly[eventcore.Coordinator])
	})
}

func loadedFrom(t *testing.T, s *postgres.Store) eventcore.Position {
	t.Helper()
	at, err := s.LoadCheckpoint(t.Context(), orders())
	require.NoError(t, err)
	return at
}

func orders() eventcore.SubscriptionID { return eventcore.MustSubscriptionID("orders") }
