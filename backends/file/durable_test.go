package file_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// neverSynced is a disk on which a process that does not sync has made three appends. killed:
// it did not close the store.
func neverSynced(t *testing.T, killed bool) *disk.Disk {
	t.Helper()
	d := disk.New(disk.Config{})
	s, err := file.Open(t.Context(), "", file.Config{FS: d.FS(), Fsync: file.FsyncNever})
	require.NoError(t, err)
	for n := range 3 {
		require.NoError(t, oneMore(t, s, n))
	}
	if killed {
		d.Crash(disk.Loss{KeepAll: true})
	} else {
		require.NoError(t, s.Close())
	}
	return d
}

// TestWhatIsAcknowledgedDependsOnNothingThatMayBeLost has a process that syncs go on after
// one that did not, and lets the machine crash at each of its operations.
func TestWhatIsAcknowledgedDependsOnNothingThatMayBeLost(t *testing.T) {
	acknowledged, opened := 0, 0
	for _, killed := range []bool{false, true} {
		for seed := range uint64(3) {
			for name, loss := range losses(seed) {
				for at := 1; ; at++ {
					d := neverSynced(t, killed)
					crashed, done := false, 0
					d.SetPoint(func(string) {
						if done++; done == at {
							crashed = true
							d.Crash(loss)
						}
					})
					told, _ := story(d, file.FsyncAlways, 3)
					d.SetPoint(nil)
					if !crashed {
						d.Crash(loss)
					}
					label := fmt.Sprintf("%s, seed %d, operation %d, killed %t", name, seed, at, killed)
					s, err := file.Open(t.Context(), "", file.Config{FS: d.FS()})
					if told.applied > 0 {
						acknowledged++
						require.NoError(t, err, label)
						require.GreaterOrEqual(t, whole(t, s), 3+told.applied, label)
					}
					if err != nil {
						require.ErrorIs(t, err, file.ErrDamaged, label)
					} else {
						opened++
						whole(t, s)
						require.NoError(t, s.Close())
					}
					if !crashed {
						break
					}
				}
			}
		}
	}
	require.Greater(t, acknowledged, 100)
	require.Greater(t, opened, acknowledged)
}

// TestASyncThatFailedIsNotBelievedLater lets each operation fail once, has the process die
// and another one go on, and takes all away that is not durable.
func TestASyncThatFailedIsNotBelievedLater(t *testing.T) {
	for _, kind := range []disk.Kind{disk.OpSync, disk.OpSyncDir, disk.OpRename, disk.OpWrite, disk.OpOpen, disk.OpRemove} {
		fired := 0
		for _, begin := range []string{"nothing", "closed", "killed", "synced"} {
			for at := 1; ; at++ {
				d := disk.New(disk.Config{})
				from := 0
				switch begin {
				case "closed", "killed":
					d, from = neverSynced(t, begin == "killed"), 3
				case "synced":
					told, err := story(d, file.FsyncAlways, 0)
					require.NoError(t, err)
					from = told.applied
				}
				done := 0
				d.SetFault(func(op disk.Op) disk.Fault {
					if op.Kind != kind {
						return disk.NoFault
					}
					if done++; done != at {
						return disk.NoFault
					}
					return disk.EIO
				})
				first, err := story(d, file.FsyncAlways, from)
				d.SetFault(nil)
				d.Crash(disk.Loss{KeepAll: true})
				label := fmt.Sprintf("%s %d, after %s: %v", kind, at, begin, err)
				s, err := file.Open(t.Context(), "", file.Config{FS: d.FS()})
				require.NoError(t, err, label)
				found := whole(t, s)
				require.GreaterOrEqual(t, found, from+first.applied, label)
				require.LessOrEqual(t, found, from+first.applied+first.unknown, label)
				require.NoError(t, oneMore(t, s, found), label)
				d.Crash(disk.Loss{})
				s, err = file.Open(t.Context(), "", file.Config{FS: d.FS()})
				require.NoError(t, err, label)
				require.Equal(t, found+1, whole(t, s), label)
				require.NoError(t, s.Close())
				if done < at {
					break
				}
				fired++
			}
		}
		require.Positive(t, fired, "%s", kind)
	}
}

// TestWhatWasCopiedIsSyncedBeforeMoreIsAppended takes away the state, as version control
// does, which keeps the events alone.
func TestWhatWasCopiedIsSyncedBeforeMoreIsAppended(t *testing.T) {
	d := neverSynced(t, false)
	require.NoError(t, d.Remove("state/head"))
	told, err := story(d, file.FsyncAlways, 3)
	require.NoError(t, err)
	d.Crash(disk.Loss{Random: rand.New(rand.NewPCG(1, 1)), Reorder: true})
	require.Equal(t, 3+told.applied, whole(t, open(t, "", file.Config{FS: d.FS()})))
}

func TestAStoreThatWasClosedIsNotSyncedAgain(t *testing.T) {
	d := disk.New(disk.Config{})
	_, err := story(d, file.FsyncAlways, 0)
	require.NoError(t, err)
	before := d.Stats().Operations[disk.OpSync]
	s := open(t, "", file.Config{FS: d.FS()})
	require.NoError(t, s.Close())
	require.Equal(t, before, d.Stats().Operations[disk.OpSync])
}

// get returns the content of a file.
func get(t *testing.T, d *disk.Disk, name string) string {
	t.Helper()
	f, err := d.OpenFile(name, os.O_RDONLY)
	require.NoError(t, err)
	content, err := io.ReadAll(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return string(content)
}

// put writes a file, and syncs nothing.
func put(t *testing.T, d *disk.Disk, name, content string) {
	t.Helper()
	f, err := d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	require.NoError(t, err)
	_, err = f.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, f.Close())
}
