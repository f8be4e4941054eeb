package file_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
)

func TestADamagedSnapshotIsReportedAndReplaced(t *testing.T) {
	k := keepers()["snapshot"]
	dir := t.TempDir()
	s := open(t, dir, fast)
	require.NoError(t, k.save(s, 7))
	name := only(t, filepath.Join(dir, "snapshots"))
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	for at := range data {
		damaged := append([]byte(nil), data...)
		damaged[at] ^= 1 << (at % 8)
		require.NoError(t, os.WriteFile(name, damaged, 0o600))
		_, found, err := s.LoadSnapshot(t.Context(), transferKey)
		require.False(t, found)
		require.ErrorIs(t, err, file.ErrDamaged, "byte %d", at)
		require.ErrorContains(t, err, "snapshots/"+filepath.Base(name)+`, the snapshot of "transfer": `)
		require.ErrorContains(t, err, "; delete it: it is made again")
	}
	require.NoError(t, k.save(s, 3), "there is nothing to compare with")
	n, err := k.load(s)
	require.NoError(t, err)
	require.Equal(t, 3, n)
}
