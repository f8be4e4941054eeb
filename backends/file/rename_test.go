package file_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// doubtful is a file system that says of the next rename into a directory that it has
// failed, after it was done: over a network that happens when the answer is lost.
type doubtful struct {
	vfs.FS
	into string
}

func (d *doubtful) Rename(from, to string) error {
	err := d.FS.Rename(from, to)
	if err == nil && d.into != "" && strings.HasPrefix(to, d.into+"/") {
		d.into = ""
		return syscall.EIO
	}
	return err
}

func TestARenameThatSaysItFailedMayHaveBeenDone(t *testing.T) {
	d := disk.New(disk.Config{})
	fs := &doubtful{FS: d.FS()}
	s := open(t, "", file.Config{FS: fs})
	require.NoError(t, oneMore(t, s, 0))
	fs.into = "events"
	require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(oneMore(t, s, 1)))
	require.NoError(t, oneMore(t, s, 2), "the next append finds it there")
	fs.into = "checkpoints"
	_, err := s.SaveCheckpoint(t.Context(), orders(), position(3))
	require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(err))
	require.Empty(t, fs.into)
	d.Crash(disk.Loss{})
	require.Equal(t, 3, whole(t, open(t, "", file.Config{FS: d.FS()})))
}

// TestASyncThatFailedWhileAnAppendWasSettledIsNotBelievedLater: the append whose rename was
// in doubt is the first of which a sync fails, and the process dies before the next try.
func TestASyncThatFailedWhileAnAppendWasSettledIsNotBelievedLater(t *testing.T) {
	d := disk.New(disk.Config{})
	fs := &doubtful{FS: d.FS()}
	s, err := file.Open(t.Context(), "", file.Config{FS: fs})
	require.NoError(t, err)
	fs.into = "events"
	require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(oneMore(t, s, 0)))
	d.SetFault(func(op disk.Op) disk.Fault {
		if op.Kind == disk.OpSyncDir && op.Path == "events" {
			return disk.EIO
		}
		return disk.NoFault
	})
	require.ErrorContains(t, oneMore(t, s, 1), "an append before this one is not settled")
	d.SetFault(nil)
	d.Crash(disk.Loss{KeepAll: true})
	s, err = file.Open(t.Context(), "", file.Config{FS: d.FS()})
	require.NoError(t, err)
	require.NoError(t, oneMore(t, s, 1))
	d.Crash(disk.Loss{})
	require.Equal(t, 2, whole(t, open(t, "", file.Config{FS: d.FS()})))
}
