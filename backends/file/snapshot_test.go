package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
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

// TestASnapshotOfAnotherKeyIsNotUsed moves the file of one to the place of the other.
func TestASnapshotOfAnotherKeyIsNotUsed(t *testing.T) {
	for name, other := range map[string]eventcore.SnapshotKey{
		"name":   {Name: "withdraw", Schema: transferKey.Schema},
		"schema": {Name: transferKey.Name, Schema: transferKey.Schema + 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, fast)
			_, err := s.SaveSnapshot(t.Context(), transferKey, eventcore.Snapshot{State: []byte("1")})
			require.NoError(t, err)
			own := only(t, filepath.Join(dir, "snapshots"))
			_, err = s.SaveSnapshot(t.Context(), other, eventcore.Snapshot{State: []byte("2")})
			require.NoError(t, err)
			all, err := filepath.Glob(filepath.Join(dir, "snapshots", "*"))
			require.NoError(t, err)
			require.Len(t, all, 2)
			for _, from := range all {
				if from != own {
					require.NoError(t, os.Rename(from, own))
				}
			}
			_, _, err = s.LoadSnapshot(t.Context(), transferKey)
			require.ErrorIs(t, err, file.ErrDamaged)
			require.ErrorContains(t, err, fmt.Sprintf("it belongs to %q, schema %d", other.Name, other.Schema))
		})
	}
}
