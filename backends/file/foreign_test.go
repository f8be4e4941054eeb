package file_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
)

func TestForeignFilesAmongTheEventsAreReported(t *testing.T) {
	for _, name := range []string{
		".hidden", ".0197e0c2-0000-7000-8000-000000000000.jsonl.swp", "0197e0c2-0000-7000-8000-000000000000.jsonl~", "notes.txt",
		"0197E0C2-0000-7000-8000-000000000000.jsonl", "0197e0c2-0000-7000-8000-000000000000.JSONL",
	} {
		dir, _, _ := written(t)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "events", name), nil, 0o600))
		_, err := file.Open(t.Context(), dir, fast)
		require.ErrorIs(t, err, file.ErrDamaged, name)
		require.ErrorContains(t, err, "events/"+name+": its name is not that of an append, <UUID>.jsonl; only appends belong there: move it somewhere else")
	}
}

func TestADirectoryAmongTheEventsIsReported(t *testing.T) {
	dir, _, _ := written(t)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "events", "2031"), 0o750))
	_, err := file.Open(t.Context(), dir, fast)
	require.ErrorIs(t, err, file.ErrDamaged)
	require.ErrorContains(t, err, "events/2031/: it is a directory; only appends belong there: move it somewhere else")
}

func TestADirectoryInTmpIsReported(t *testing.T) {
	dir, _, _ := written(t)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "tmp", "mine"), 0o750))
	_, err := file.Open(t.Context(), dir, fast)
	require.ErrorContains(t, err, "tmp/mine/: a directory does not belong there; move it somewhere else")
}

func TestFilesOfVersionControlAndFileManagersArePassedOver(t *testing.T) {
	dir, _, events := written(t)
	for _, name := range []string{".gitignore", ".gitattributes", ".gitkeep", ".keep", ".DS_Store", "Thumbs.db", "desktop.ini", "._x.jsonl", ".nfs0001"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "events", name), nil, 0o600))
	}
	require.Equal(t, events, global(t, open(t, dir, fast)))
}
