package file_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

func orders() eventcore.SubscriptionID { return eventcore.MustSubscriptionID("orders") }

func position(n int) eventcore.Position { return eventcore.NewPosition(0, uint64(n)) }

// only returns the one file of a directory of a store.
func only(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, names, 1)
	return names[0]
}

// saved is a store that was closed, with eight events and a checkpoint at a position.
func saved(t *testing.T, at int) (dir, checkpoint string) {
	t.Helper()
	dir, _, _ = written(t)
	s := open(t, dir, fast)
	_, err := s.SaveCheckpoint(t.Context(), orders(), position(at))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return dir, only(t, filepath.Join(dir, "checkpoints"))
}

// refused wants the checkpoint to be neither loaded nor saved.
func refused(t *testing.T, dir, checkpoint, want string) {
	t.Helper()
	s := open(t, dir, fast)
	_, err := s.LoadCheckpoint(t.Context(), orders())
	_, failed := s.SaveCheckpoint(t.Context(), orders(), position(1000))
	for _, err := range []error{err, failed} {
		require.ErrorIs(t, err, file.ErrDamaged)
		require.ErrorContains(t, err, "checkpoints/"+filepath.Base(checkpoint)+`, the checkpoint of "orders": `+want)
		require.ErrorContains(t, err, "delete this file and what the subscription has made of the events, so that it begins anew")
	}
	require.NoError(t, s.Close())
}

func TestADamagedCheckpointIsNeverUsed(t *testing.T) {
	dir, name := saved(t, 7)
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	for at := range data {
		damaged := append([]byte(nil), data...)
		damaged[at] ^= 1 << (at % 8)
		require.NoError(t, os.WriteFile(name, damaged, 0o600))
		refused(t, dir, name, "it does not match its hash")
	}
	require.NoError(t, os.WriteFile(name, nil, 0o600))
	refused(t, dir, name, "it does not match its hash: it was changed or cut off")
	require.NoError(t, os.Remove(name))
	at, err := open(t, dir, fast).LoadCheckpoint(t.Context(), orders())
	require.NoError(t, err)
	require.Zero(t, at)
}

func TestACheckpointOfAnotherSubscriptionIsNotUsed(t *testing.T) {
	dir, name := saved(t, 7)
	s := open(t, dir, fast)
	_, err := s.SaveCheckpoint(t.Context(), eventcore.MustSubscriptionID("others"), position(1))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	all, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*"))
	require.NoError(t, err)
	for _, other := range all {
		if other != name {
			require.NoError(t, os.Rename(other, name))
		}
	}
	refused(t, dir, name, `it belongs to "others"`)
}

// TestACheckpointWhoseEventsAreLostIsNotUsed: the next events would get positions that the
// subscription has passed, and it would never see them.
func TestACheckpointWhoseEventsAreLostIsNotUsed(t *testing.T) {
	dir, name := saved(t, 12)
	names, err := filepath.Glob(filepath.Join(dir, "events", "*"))
	require.NoError(t, err)
	require.NoError(t, os.Remove(names[2]))
	require.NoError(t, os.Remove(filepath.Join(dir, "state", "head")))
	want := "it has come to position 12, an event in events/" + filepath.Base(names[2]) + ", which is not there any more"
	refused(t, dir, name, want)
	s := open(t, dir, fast)
	appendTo(t, s, 4, 10, eventcore.MustStreamID("a"))
	require.NoError(t, s.Close())
	refused(t, dir, name, want)
}

func TestNamesOfFilesAreShort(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, fast)
	_, err := s.SaveCheckpoint(t.Context(), eventcore.MustSubscriptionID(strings.Repeat("語", 255)), position(1))
	require.NoError(t, err)
	require.Len(t, filepath.Base(only(t, filepath.Join(dir, "checkpoints"))), 64)
}

// TestTheOutcomeTellsWhetherACheckpointMayHaveMoved has operations of the disk fail.
func TestTheOutcomeTellsWhetherACheckpointMayHaveMoved(t *testing.T) {
	for kind, want := range map[disk.Kind]eventcore.Outcome{
		disk.OpOpen: eventcore.OutcomeNotApplied, disk.OpWrite: eventcore.OutcomeNotApplied, disk.OpSync: eventcore.OutcomeNotApplied,
		disk.OpRename: eventcore.OutcomeUnknown, disk.OpSyncDir: eventcore.OutcomeUnknown,
	} {
		fail := false
		d := disk.New(disk.Config{Fault: func(op disk.Op) disk.Fault {
			if fail && op.Kind == kind {
				return disk.EIO
			}
			return disk.NoFault
		}})
		s := open(t, "", file.Config{FS: d.FS()})
		_, err := s.SaveCheckpoint(t.Context(), orders(), position(1))
		require.NoError(t, err)
		fail = true
		_, err = s.SaveCheckpoint(t.Context(), orders(), position(2))
		require.Equal(t, want, eventcore.OutcomeOf(err), "%s: %v", kind, err)
		require.ErrorContains(t, err, "save checkpoint: ")
		fail = false
		// Whether it is there or not, saving it again makes it durable.
		at, err := s.SaveCheckpoint(t.Context(), orders(), position(2))
		require.NoError(t, err)
		require.Equal(t, position(2), at)
		require.NoError(t, s.Close())
		d.Crash(disk.Loss{})
		at, err = open(t, "", file.Config{FS: d.FS()}).LoadCheckpoint(t.Context(), orders())
		require.NoError(t, err)
		require.Equal(t, position(2), at, kind)
	}
}

func TestAClosedStoreKeepsNothing(t *testing.T) {
	s := open(t, t.TempDir(), fast)
	require.NoError(t, s.Close())
	_, err := s.SaveCheckpoint(t.Context(), orders(), position(1))
	require.ErrorIs(t, err, file.ErrClosed)
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
	_, err = s.LoadCheckpoint(t.Context(), orders())
	require.ErrorIs(t, err, file.ErrClosed)
	_, err = s.TryAcquire(t.Context(), orders())
	require.ErrorIs(t, err, file.ErrClosed)
	_, _, err = s.LoadSnapshot(t.Context(), eventcore.SnapshotKey{Name: "a"})
	require.ErrorIs(t, err, file.ErrClosed)
	_, err = s.SaveSnapshot(t.Context(), eventcore.SnapshotKey{Name: "a"}, eventcore.Snapshot{})
	require.ErrorIs(t, err, file.ErrClosed)
}
