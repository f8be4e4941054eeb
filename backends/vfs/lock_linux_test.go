package vfs_test

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

// TestALockIsTakenFromCopiesOfTheFile: a process that is being started has copies of all
// open files until its program runs.
func TestALockIsTakenFromCopiesOfTheFile(t *testing.T) {
	dir := t.TempDir()
	held, err := vfs.Dir(dir).Lock("lock")
	require.NoError(t, err)
	handles, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	copies := 0
	for _, handle := range handles {
		if target, err := os.Readlink(handle); err != nil || target != filepath.Join(dir, "lock") {
			continue
		}
		fd, err := strconv.Atoi(filepath.Base(handle))
		require.NoError(t, err)
		made, err := syscall.Dup(fd)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, syscall.Close(made)) })
		copies++
		break
	}
	require.Equal(t, 1, copies)
	require.NoError(t, held.Close())
	held, err = vfs.Dir(dir).Lock("lock")
	require.NoError(t, err)
	require.NoError(t, held.Close())
}
