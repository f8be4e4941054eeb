package sqlite_test

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
)

// TestAReleaseTakesTheLockFromCopiesOfTheFile: a process that is being started has copies
// of all open files until its program runs.
func TestAReleaseTakesTheLockFromCopiesOfTheFile(t *testing.T) {
	path := file(t)
	one, two := open(t, path, sqlite.Config{}), open(t, path, sqlite.Config{})
	lease := lead(t, one)
	copyOf(t, lockFile(t, path))
	require.NoError(t, lease.Release(t.Context()))
	lead(t, two)
}

// copyOf makes a copy of the handle that this process has on a file.
func copyOf(t *testing.T, path string) {
	t.Helper()
	handles, err := filepath.Glob("/proc/self/fd/*")
	require.NoError(t, err)
	for _, handle := range handles {
		if target, err := os.Readlink(handle); err != nil || target != path {
			continue
		}
		fd, err := strconv.Atoi(filepath.Base(handle))
		require.NoError(t, err)
		made, err := syscall.Dup(fd)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, syscall.Close(made)) })
		return
	}
	t.Fatalf("%s is not open", path)
}
