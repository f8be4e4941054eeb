//go:build unix

package replace_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/internal/replace"
)

// TestNobodyMayReadWhatTheUmaskHides changes the umask of the process: no other test may run
// meanwhile.
func TestNobodyMayReadWhatTheUmaskHides(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	for range 2 {
		require.NoError(t, replace.File(path, []byte("x")))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

// TestWhatAKilledProcessLeftIsNotInTheWay of those that come after.
func TestWhatAKilledProcessLeftIsNotInTheWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for _, left := range []string{".0.tmp", ".1.tmp"} {
		require.NoError(t, os.WriteFile(path+left, []byte("half"), 0o600))
	}
	require.NoError(t, replace.File(path, []byte("whole")))
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "whole", string(got))
	require.Equal(t, []string{"a", "a.0.tmp", "a.1.tmp"}, names(t, filepath.Dir(path)))
}
