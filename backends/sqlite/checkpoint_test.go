package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/statetest"
)

var (
	_ eventcore.CheckpointStore = (*sqlite.Store)(nil)
	_ eventcore.Coordinator     = (*sqlite.Store)(nil)
	_ eventcore.SnapshotStore   = (*sqlite.Store)(nil)
)

// onFile is a file. Each handle is a store of its own.
func onFile[S any](tb testing.TB) statetest.Place[S] {
	tb.Helper()
	path := file(tb)
	return statetest.Place[S]{
		Open: func(ctx context.Context) (S, error) {
			s, err := sqlite.Open(ctx, path, sqlite.Config{})
			handle, _ := any(s).(S)
			return handle, err
		},
		Close: func(handle S) error { return any(handle).(*sqlite.Store).Close() },
	}
}

// inMemory is a store in memory: there is one handle.
func inMemory[S any](tb testing.TB) statetest.Place[S] {
	tb.Helper()
	handle, ok := any(open(tb, sqlite.Memory, sqlite.Config{})).(S)
	require.True(tb, ok)
	return statetest.Place[S]{Open: func(context.Context) (S, error) { return handle, nil }}
}

var sharedNames atomic.Int64

// inSharedMemory is a database in memory that is shared: each handle is a store of its own.
func inSharedMemory[S any](tb testing.TB) statetest.Place[S] {
	tb.Helper()
	db, err := sql.Open("sqlite", fmt.Sprintf("file:state%d?mode=memory&cache=shared", sharedNames.Add(1)))
	require.NoError(tb, err)
	keep, err := db.Conn(tb.Context()) // it is gone with its last connection
	require.NoError(tb, err)
	tb.Cleanup(func() {
		require.NoError(tb, keep.Close())
		require.NoError(tb, db.Close())
	})
	return statetest.Place[S]{
		Open: func(ctx context.Context) (S, error) {
			s, err := sqlite.New(ctx, db, sqlite.Config{})
			handle, _ := any(s).(S)
			return handle, err
		},
		Close: func(handle S) error { return any(handle).(*sqlite.Store).Close() },
	}
}

func TestCheckpoints(t *testing.T) {
	t.Run("file", func(t *testing.T) { statetest.Checkpoints(t, onFile[eventcore.CheckpointStore]) })
	t.Run("memory", func(t *testing.T) { statetest.Checkpoints(t, inMemory[eventcore.CheckpointStore]) })
	t.Run("shared memory", func(t *testing.T) { statetest.Checkpoints(t, inSharedMemory[eventcore.CheckpointStore]) })
}

func TestSnapshots(t *testing.T) {
	t.Run("file", func(t *testing.T) { statetest.Snapshots(t, onFile[eventcore.SnapshotStore]) })
	t.Run("memory", func(t *testing.T) { statetest.Snapshots(t, inMemory[eventcore.SnapshotStore]) })
	t.Run("shared memory", func(t *testing.T) { statetest.Snapshots(t, inSharedMemory[eventcore.SnapshotStore]) })
}

func TestLeases(t *testing.T) {
	t.Run("file", func(t *testing.T) { statetest.Leases(t, onFile[eventcore.Coordinator]) })
	t.Run("memory", func(t *testing.T) { statetest.Leases(t, inMemory[eventcore.Coordinator]) })
	t.Run("shared memory", func(t *testing.T) { statetest.Leases(t, inSharedMemory[eventcore.Coordinator]) })
}
