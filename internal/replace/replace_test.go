package replace_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/internal/replace"
)

// names returns what is in a folder.
func names(t *testing.T, dir string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		found = append(found, e.Name())
	}
	return found
}

func TestAFileIsMadeAndReplaced(t *testing.T) {
	path, plain := filepath.Join(t.TempDir(), "a.json"), filepath.Join(t.TempDir(), "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o644))
	like, err := os.Stat(plain)
	require.NoError(t, err)
	for _, content := range []string{"long enough", "short", ""} {
		require.NoError(t, replace.File(path, []byte(content)))
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, content, string(got))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, like.Mode(), info.Mode())
	}
	require.Equal(t, []string{"a.json"}, names(t, filepath.Dir(path)))
}

// TestWhoReadsFindsAWholeFile while several write it.
func TestWhoReadsFindsAWholeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	contents := make([][]byte, 4)
	for i := range contents {
		contents[i] = bytes.Repeat([]byte{byte('a' + i)}, 10_000*(i+1))
	}
	require.NoError(t, replace.File(path, contents[0]))
	var writers sync.WaitGroup
	failed := make([]error, len(contents))
	for i, content := range contents {
		writers.Go(func() {
			for range 30 {
				failed[i] = errors.Join(failed[i], replace.File(path, content))
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, bytes.Equal(got, contents[(len(got)-1)/10_000]), "%d bytes", len(got))
	}
	require.NoError(t, errors.Join(failed...))
	require.Equal(t, []string{"a"}, names(t, filepath.Dir(path)))
}

func TestAFileThatCannotBeReplacedIsLeftAsItWas(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	require.NoError(t, os.MkdirAll(filepath.Join(path, "inside"), 0o755)) // a folder: no file takes its place
	require.Error(t, replace.File(path, []byte("x")))
	require.Equal(t, []string{"a"}, names(t, dir), "nothing is left behind")
	require.Equal(t, []string{"inside"}, names(t, path))
	require.ErrorIs(t, replace.File(filepath.Join(dir, "none", "a"), nil), os.ErrNotExist)
}
