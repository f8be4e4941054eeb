package vfs_test

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

// counted is a file that is not the operating system's.
type counted struct {
	vfs.File
	order *[]int
	n     int
	err   error
}

func (c counted) Sync() error {
	*c.order = append(*c.order, c.n)
	return errors.Join(c.err, c.File.Sync())
}

// opened returns open files of a directory.
func opened(t *testing.T) (files []vfs.File) {
	t.Helper()
	d := vfs.Dir(t.TempDir())
	for _, name := range []string{"a", "b", "c"} {
		f, err := d.OpenFile(name, os.O_RDWR|os.O_CREATE)
		require.NoError(t, err)
		files = append(files, f)
	}
	return files
}

func TestSyncAllSyncsEachFile(t *testing.T) {
	files := opened(t)
	require.NoError(t, vfs.SyncAll())
	require.NoError(t, vfs.SyncAll(files...))
	for _, f := range files[1:] {
		require.NoError(t, f.Close())
	}
	err := vfs.SyncAll(files...)
	require.ErrorIs(t, err, os.ErrClosed)
	require.ErrorContains(t, err, "b: file already closed")
	require.ErrorContains(t, err, "c: file already closed")
	require.NoError(t, files[0].Close())
}

// Files of another kind may be a simulated disk's, whose tasks take turns.
func TestSyncAllSyncsFilesOfOtherKindsOneAfterTheOther(t *testing.T) {
	var order []int
	planted := errors.New("planted")
	files := opened(t)
	for i := range files {
		files[i] = counted{File: files[i], order: &order, n: i}
	}
	require.NoError(t, vfs.SyncAll(files...))
	require.Equal(t, []int{0, 1, 2}, order)
	order = nil
	files[1] = counted{File: files[1], order: &order, n: 1, err: planted}
	require.ErrorIs(t, vfs.SyncAll(files...), planted)
	require.Equal(t, 1, order[1])
	for _, f := range files {
		require.NoError(t, f.Close())
	}
}
