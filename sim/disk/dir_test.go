package disk_test

import (
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// failing returns a disk whose operations of a kind fail while the result is true.
func failing(kind disk.Kind) (*disk.Disk, *bool) {
	fail := new(bool)
	return disk.New(disk.Config{Fault: func(op disk.Op) disk.Fault {
		if *fail && op.Kind == kind {
			return disk.EIO
		}
		return disk.NoFault
	}}), fail
}

func TestAFailedSyncOfADirectoryForgetsItsEntries(t *testing.T) {
	d, fail := failing(disk.OpSyncDir)
	for _, name := range []string{"forgotten", "again"} {
		require.NoError(t, create(t, d, name).Sync())
	}
	*fail = true
	require.ErrorIs(t, d.SyncDir("."), syscall.EIO)
	*fail = false
	require.Equal(t, []string{"again", "forgotten"}, d.List(), "programs see them all the same")
	// Only what changes an entry anew can make it durable.
	require.NoError(t, d.Rename("again", "again"))
	require.NoError(t, d.SyncDir("."))
	d.Crash(disk.Loss{})
	require.Equal(t, []string{"again"}, d.List())
}

func TestWhatLiesInADirectoryThatIsLostIsLost(t *testing.T) {
	d := disk.New(disk.Config{})
	require.NoError(t, d.MkdirAll("x/y"))
	require.NoError(t, create(t, d, "x/y/a").Sync())
	require.NoError(t, d.SyncDir("x/y"))
	require.NoError(t, d.SyncDir("x"))
	d.Crash(disk.Loss{})
	require.NoError(t, d.MkdirAll("x/y"))
	require.Empty(t, d.List())
}

func TestAnEmptyDirectoryIsRemoved(t *testing.T) {
	d := disk.New(disk.Config{})
	require.NoError(t, d.MkdirAll("x/y"))
	require.ErrorIs(t, d.Remove("x"), syscall.ENOTEMPTY)
	require.NoError(t, d.SyncDir("."))
	require.NoError(t, d.Remove("x/y"))
	require.NoError(t, d.Remove("x"))
	require.ErrorIs(t, d.Remove("x"), fs.ErrNotExist)
	require.NoError(t, d.SyncDir("."))
	d.Crash(disk.Loss{})
	_, err := d.ReadDir("x")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestTheRootOfAFileSystemIsDurableOnceItIsMade(t *testing.T) {
	d := disk.New(disk.Config{})
	sub := d.Sub("a/b")
	_, err := sub.ReadDir(".")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, sub.MkdirAll("c"))
	d.Crash(disk.Loss{})
	sub = d.Sub("a/b")
	names, err := sub.ReadDir(".")
	require.NoError(t, err)
	require.Empty(t, names, "what is below the root has to be synced")

	require.NoError(t, d.MkdirAll("x"))
	require.NoError(t, d.Sub("x").MkdirAll("y"))
	require.NoError(t, d.MkdirAll("z"))
	require.NoError(t, d.Sub("z").MkdirAll("."))
	d.Crash(disk.Loss{})
	_, err = d.ReadDir("x")
	require.ErrorIs(t, err, fs.ErrNotExist, "somebody else has made it")
	_, err = d.ReadDir("z")
	require.NoError(t, err)
}

func TestAFileSystemEndsWithTheMachine(t *testing.T) {
	d := disk.New(disk.Config{})
	old := d.FS()
	d.Crash(disk.Loss{KeepAll: true})
	_, err := old.OpenFile("a", os.O_CREATE|os.O_RDWR)
	for _, err := range []error{err, old.Rename("a", "b"), old.Remove("a"), old.MkdirAll("x"), old.SyncDir(".")} {
		require.ErrorIs(t, err, disk.ErrCrashed)
	}
	_, err = old.Lock("lock")
	require.ErrorIs(t, err, disk.ErrCrashed)
	require.NoError(t, d.FS().MkdirAll("x"))
}

func TestNamesLeadNowhereOutOfTheRoot(t *testing.T) {
	d := disk.New(disk.Config{})
	for _, name := range []string{"../out", "/out", "", "a/../../out", "a/"} {
		require.ErrorIs(t, d.Sub("in").MkdirAll(name), fs.ErrInvalid, name)
		_, err := d.Sub("in").OpenFile(name, os.O_CREATE|os.O_RDWR)
		require.ErrorIs(t, err, fs.ErrInvalid, name)
	}
	require.ErrorIs(t, d.FS().Rename("a", "../a"), fs.ErrInvalid)
	require.Empty(t, d.List())
}
