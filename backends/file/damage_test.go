package file_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// written makes a store with three appends, and returns its directory, the files of the
// appends in their order, and its events.
func written(t *testing.T) (dir string, files []string, events []eventcore.Recorded) {
	t.Helper()
	dir = t.TempDir()
	s := open(t, dir, fast)
	for n := range 3 {
		appendTo(t, s, eventcore.Version(2*n), 2, eventcore.MustStreamID("a"), eventcore.MustStreamID("b/ü"))
		found, err := filepath.Glob(filepath.Join(dir, "events", "*.jsonl"))
		require.NoError(t, err)
		require.Len(t, found, n+1)
		for _, name := range found {
			if !strings.Contains(strings.Join(files, " "), name) {
				files = append(files, name)
			}
		}
	}
	events = global(t, s)
	require.NoError(t, s.Close())
	return dir, files, events
}

func TestEveryDamageIsReportedByName(t *testing.T) {
	edit := func(t *testing.T, name string, change func([]byte) []byte) {
		t.Helper()
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(name, change(data), 0o600))
	}
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string, files []string)
		file   int
		want   string
	}{
		"empty": {func(t *testing.T, _ string, files []string) {
			edit(t, files[1], func([]byte) []byte { return nil })
		}, 1, "it is cut off in the header"},
		"cut off in the header": {func(t *testing.T, _ string, files []string) {
			edit(t, files[1], func(data []byte) []byte { return data[:20] })
		}, 1, "it is cut off in the header"},
		"cut off at the end": {func(t *testing.T, _ string, files []string) {
			edit(t, files[2], func(data []byte) []byte { return data[:len(data)-1] })
		}, 2, "its events do not match their hash"},
		"longer": {func(t *testing.T, _ string, files []string) {
			edit(t, files[2], func(data []byte) []byte { return append(data, "{}\n"...) })
		}, 2, "its events do not match their hash"},
		"changed header": {func(t *testing.T, _ string, files []string) {
			edit(t, files[0], func(data []byte) []byte { return bytes.Replace(data, []byte(`"base":0`), []byte(`"base":1`), 1) })
		}, 0, "the header does not match its hash"},
		"changed event": {func(t *testing.T, _ string, files []string) {
			edit(t, files[0], func(data []byte) []byte { return bytes.Replace(data, []byte(`{"n":1}`), []byte(`{"n":7}`), 1) })
		}, 0, "its events do not match their hash"},
		"missing": {func(t *testing.T, _ string, files []string) { require.NoError(t, os.Remove(files[1])) }, 2, "the append before it"},
		"first missing": {func(t *testing.T, _ string, files []string) {
			require.NoError(t, os.Remove(files[0]))
		}, 1, "is missing; bring that file back"},
		"copied": {func(t *testing.T, dir string, files []string) {
			data, err := os.ReadFile(files[0])
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "events", "0197e0c2-0000-7000-8000-000000000000.jsonl"), data, 0o600))
		}, 0, "it is a copy of"},
		"of another name": {func(t *testing.T, dir string, files []string) {
			require.NoError(t, os.Rename(files[0], filepath.Join(dir, "events", "notes.txt")))
		}, -1, "events/notes.txt: its name is not that of an append"},
		"of another store": {func(t *testing.T, dir string, _ []string) {
			_, others, _ := written(t)
			require.NoError(t, os.Rename(others[0], filepath.Join(dir, "events", filepath.Base(others[0]))))
		}, 0, "several histories begin here"},
		"forked": {func(t *testing.T, dir string, files []string) {
			// The store is copied, and each copy goes on.
			copied := t.TempDir()
			require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
			s := open(t, copied, fast)
			appendTo(t, s, 6, 1, eventcore.MustStreamID("a"))
			require.NoError(t, s.Close())
			s = open(t, dir, fast)
			appendTo(t, s, 6, 1, eventcore.MustStreamID("b/ü"))
			require.NoError(t, s.Close())
			require.NoError(t, os.CopyFS(filepath.Join(dir, "other"), os.DirFS(filepath.Join(copied, "events"))))
			moved, err := filepath.Glob(filepath.Join(dir, "other", "*.jsonl"))
			require.NoError(t, err)
			for _, name := range moved {
				require.NoError(t, os.Rename(name, filepath.Join(dir, "events", filepath.Base(name))))
			}
		}, 2, "the history forks after"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, files, _ := written(t)
			c.damage(t, dir, files)
			_, err := file.Open(t.Context(), dir, fast)
			require.ErrorIs(t, err, file.ErrDamaged)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, dir)
			if c.file >= 0 {
				require.ErrorContains(t, err, filepath.Base(files[c.file]))
			}
		})
	}
}

func TestEveryFlippedBitIsReported(t *testing.T) {
	dir, files, events := written(t)
	data, err := os.ReadFile(files[1])
	require.NoError(t, err)
	for at := range data {
		damaged := bytes.Clone(data)
		damaged[at] ^= 1 << (at % 8)
		require.NoError(t, os.WriteFile(files[1], damaged, 0o600))
		_, err := file.Open(t.Context(), dir, fast)
		require.ErrorIs(t, err, file.ErrDamaged, "byte %d", at)
	}
	require.NoError(t, os.WriteFile(files[1], data, 0o600))
	require.Equal(t, events, global(t, open(t, dir, fast)))
}

func TestDamageAfterTheStoreWasOpenedIsNeverDelivered(t *testing.T) {
	dir, files, events := written(t)
	s := open(t, dir, fast)
	data, err := os.ReadFile(files[1])
	require.NoError(t, err)
	reported := 0
	for at := range data {
		damaged := bytes.Clone(data)
		damaged[at] ^= 1 << (at % 8)
		require.NoError(t, os.WriteFile(files[1], damaged, 0o600))
		n := 0
		for e, err := range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
			if err != nil {
				require.ErrorIs(t, err, file.ErrDamaged)
				require.ErrorContains(t, err, filepath.Base(files[1]))
				reported++
				continue
			}
			require.Equal(t, events[n], e)
			n++
		}
	}
	require.Greater(t, reported, len(data)/3)
	require.NoError(t, os.Remove(files[1]))
	var last error
	for _, err := range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
		last = err
	}
	require.ErrorContains(t, last, filepath.Base(files[1])+" was there when the store was opened")
}

func TestWhatIsLeftInTmpIsRemoved(t *testing.T) {
	dir, files, events := written(t)
	data, err := os.ReadFile(files[2])
	require.NoError(t, err)
	left := filepath.Join(dir, "tmp", filepath.Base(files[2]))
	require.NoError(t, os.WriteFile(left, data[:len(data)/2], 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "events", ".gitignore"), nil, 0o600))
	s := open(t, dir, fast)
	require.NoFileExists(t, left)
	require.Equal(t, events, global(t, s))
}

func TestAllButEventsCanBeMadeAgain(t *testing.T) {
	dir, _, events := written(t)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "tmp")))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "state")))
	s := open(t, dir, fast)
	require.Equal(t, events, global(t, s))
	appendTo(t, s, 6, 1, eventcore.MustStreamID("a"))
}

func TestOneStoreAtATime(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, fast)
	_, err := file.Open(t.Context(), dir, fast)
	require.ErrorIs(t, err, vfs.ErrLocked)
	require.ErrorContains(t, err, dir)
	require.ErrorContains(t, err, "another store has it open, in this process or another; close that first")
	appendTo(t, s, 0, 1, eventcore.MustStreamID("a"))
	require.NoError(t, s.Close())
	require.Len(t, global(t, open(t, dir, fast)), 1)
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	_, err := file.Open(t.Context(), "", file.Config{})
	require.ErrorContains(t, err, "the directory is empty; use . for the current one")
	_, err = file.Open(t.Context(), t.TempDir(), file.Config{Fsync: 7})
	require.ErrorContains(t, err, "Fsync is 7; use FsyncAlways or FsyncNever")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "events"), nil, 0o600))
	_, err = file.Open(t.Context(), dir, fast)
	require.ErrorContains(t, err, "not a directory")
	dir, _, _ = written(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "state", "replica"), []byte("me"), 0o600))
	_, err = file.Open(t.Context(), dir, fast)
	require.ErrorContains(t, err, `state/replica holds "me", not the UUID of this replica; delete the file to make a new one`)
	require.NotErrorIs(t, err, file.ErrDamaged)
}
