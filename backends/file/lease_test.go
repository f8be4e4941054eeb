package file_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestADamagedTokenIsNotCountedOn(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, fast)
	_, err := s.TryAcquire(t.Context(), orders())
	require.NoError(t, err)
	require.NoError(t, s.Close())
	name := filepath.Join(dir, "leases", "token")
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	for at := range data {
		damaged := append([]byte(nil), data...)
		damaged[at] ^= 1 << (at % 8)
		require.NoError(t, os.WriteFile(name, damaged, 0o600))
		s := open(t, dir, fast)
		_, err = s.TryAcquire(t.Context(), orders())
		require.ErrorIs(t, err, file.ErrDamaged)
		require.NotErrorIs(t, err, eventcore.ErrLeaseHeld)
		require.ErrorContains(t, err, "leases/token, the last token of a lease: it does not match its hash")
		require.ErrorContains(t, err, "bring that file back from a backup or from version control, or delete it once nobody remembers a token any more")
		require.NoError(t, s.Close())
	}
}
