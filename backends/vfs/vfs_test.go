package vfs_test

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

func TestFilesAreWrittenReadAndMoved(t *testing.T) {
	dir := vfs.Dir(t.TempDir())
	require.NoError(t, dir.MkdirAll("a/b"))
	require.NoError(t, dir.MkdirAll("a/b"), "again")
	f, err := dir.OpenFile("a/x", os.O_RDWR|os.O_CREATE|os.O_EXCL)
	require.NoError(t, err)
	_, err = dir.OpenFile("a/x", os.O_RDWR|os.O_CREATE|os.O_EXCL)
	require.ErrorIs(t, err, fs.ErrExist)
	_, err = f.Write([]byte("hello"))
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("J"), 0)
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	require.NoError(t, f.Truncate(4))
	size, err := f.Size()
	require.NoError(t, err)
	require.Equal(t, int64(4), size)
	require.NoError(t, f.Close())

	require.NoError(t, dir.Rename("a/x", "a/b/y"))
	require.NoError(t, dir.SyncDir("a/b"))
	size, err = dir.Stat("a/b/y")
	require.NoError(t, err)
	require.Equal(t, int64(4), size)
	f, err = dir.OpenFile("a/b/y", os.O_RDONLY)
	require.NoError(t, err)
	data, err := io.ReadAll(f)
	require.NoError(t, err)
	require.Equal(t, "Jell", string(data))
	require.NoError(t, f.Close())
	names, err := dir.ReadDir("a")
	require.NoError(t, err)
	require.Equal(t, []string{"b/"}, names)

	require.NoError(t, dir.Remove("a/b/y"))
	for _, err := range []error{dir.Remove("a/b/y"), dir.Rename("none", "x"), dir.SyncDir("none")} {
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
	_, err = dir.Stat("a/b/y")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = dir.ReadDir("none")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestALockIsHeldByOne(t *testing.T) {
	dir := vfs.Dir(t.TempDir())
	held, err := dir.Lock("lock")
	require.NoError(t, err)
	_, err = dir.Lock("lock")
	require.ErrorIs(t, err, vfs.ErrLocked)
	require.NoError(t, held.Close())
	held, err = dir.Lock("lock")
	require.NoError(t, err)
	require.NoError(t, held.Close())
}

const holderVariable = "EVENTCORE_VFS_HOLDER"

// TestHolder is the process that is killed while it holds a lock.
func TestHolder(t *testing.T) {
	root := os.Getenv(holderVariable)
	if root == "" {
		t.Skip("this is a part of another test")
	}
	_, err := vfs.Dir(root).Lock("lock")
	require.NoError(t, err)
	fmt.Println("held")
	time.Sleep(time.Minute)
}

func TestAProcessThatDiesGivesItsLockBack(t *testing.T) {
	root := t.TempDir()
	holder := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHolder$")
	holder.Env = append(os.Environ(), holderVariable+"="+root)
	out, err := holder.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, holder.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "held" {
	}
	_, err = vfs.Dir(root).Lock("lock")
	require.ErrorIs(t, err, vfs.ErrLocked)
	require.NoError(t, holder.Process.Signal(syscall.SIGKILL))
	require.Error(t, holder.Wait())
	held, err := vfs.Dir(root).Lock("lock")
	require.NoError(t, err)
	require.NoError(t, held.Close())
}
