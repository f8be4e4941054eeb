package file_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// TestADirectoryWhoseSyncFailedIsNotBelieved, even if the disk fails again while it is dealt
// with: a token that was given must be there after a loss of power.
func TestADirectoryWhoseSyncFailedIsNotBelieved(t *testing.T) {
	failed := 0
	d := disk.New(disk.Config{})
	s := open(t, "", file.Config{FS: d.FS()})
	d.SetFault(func(op disk.Op) disk.Fault {
		if failed < 2 && (op.Kind == disk.OpSyncDir && op.Path == "." || op.Kind == disk.OpRemove) {
			failed++
			return disk.EIO
		}
		return disk.NoFault
	})
	id := eventcore.MustSubscriptionID("p")
	var token uint64
	for range 5 {
		lease, err := s.TryAcquire(t.Context(), id)
		if err == nil {
			token = lease.Token()
			break
		}
	}
	require.Equal(t, 2, failed)
	require.Positive(t, token)
	d.Crash(disk.Loss{})
	again := open(t, "", file.Config{FS: d.FS()})
	lease, err := again.TryAcquire(t.Context(), id)
	require.NoError(t, err)
	require.Greater(t, lease.Token(), token)
	require.NoError(t, again.Close())
}
