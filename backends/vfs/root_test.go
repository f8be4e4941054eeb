package vfs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

func TestEachDirectoryAboveTheRootIsDurableBeforeTheNextIsMade(t *testing.T) {
	base := t.TempDir()
	var synced []string
	t.Cleanup(vfs.SetSynced(func(path string) error {
		name, err := filepath.Rel(base, path)
		require.NoError(t, err)
		synced = append(synced, filepath.ToSlash(name))
		entries, err := os.ReadDir(path)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		below, err := os.ReadDir(filepath.Join(path, entries[0].Name()))
		require.NoError(t, err)
		if len(synced) <= 3 {
			require.Empty(t, below, "what is in it is made too early")
		}
		return nil
	}))
	dir := vfs.Dir(filepath.Join(base, "a", "b", "c"))
	require.NoError(t, dir.MkdirAll("events"))
	require.Equal(t, []string{".", "a", "a/b"}, synced)
	require.NoError(t, dir.MkdirAll("tmp"))
	require.Len(t, synced, 3, "the root is there")
	require.NoError(t, dir.MkdirAll("."))
	require.Equal(t, []string{"a/b"}, synced[3:], "who made it may have died before it was durable")
}

func TestARootThatCannotBeMadeDurableIsNotLeft(t *testing.T) {
	base, planted := t.TempDir(), errors.New("planted")
	restore := vfs.SetSynced(func(path string) error {
		if path == base {
			return nil
		}
		return planted
	})
	dir := vfs.Dir(filepath.Join(base, "a", "b"))
	require.ErrorIs(t, dir.MkdirAll("events"), planted)
	require.DirExists(t, filepath.Join(base, "a"))
	require.NoDirExists(t, filepath.Join(base, "a", "b"))
	restore()
	require.NoError(t, dir.MkdirAll("events"))
	require.DirExists(t, filepath.Join(base, "a", "b", "events"))
}

func TestARootWhoseDirectoryMayNotBeReadIsNoError(t *testing.T) {
	root := t.TempDir()
	t.Cleanup(vfs.SetSynced(func(string) error { return fs.ErrPermission }))
	require.NoError(t, vfs.Dir(root).MkdirAll("."))
	require.ErrorIs(t, vfs.Dir(filepath.Join(root, "new")).MkdirAll("."), fs.ErrPermission)
}

func TestNamesLeadNowhereOutOfTheRoot(t *testing.T) {
	base := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(base, "in"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(base, "secret"), nil, 0o600))
	dir := vfs.Dir(filepath.Join(base, "in"))
	require.NoError(t, dir.MkdirAll("x"))
	for _, name := range []string{"../secret", "x/../../secret", "/secret", "", "x/"} {
		_, opened := dir.OpenFile(name, os.O_RDWR|os.O_CREATE)
		_, listed := dir.ReadDir(name)
		_, found := dir.Stat(name)
		_, locked := dir.Lock(name)
		for _, err := range []error{
			opened, listed, found, locked, dir.MkdirAll(name), dir.Remove(name), dir.SyncDir(name),
			dir.Rename(name, "x/y"), dir.Rename("x", name),
		} {
			require.ErrorIs(t, err, fs.ErrInvalid, name)
			require.ErrorContains(t, err, " "+name+": it is not a name of a file inside")
		}
	}
	require.FileExists(t, filepath.Join(base, "secret"))
}
