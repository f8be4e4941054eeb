package file_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func cutOff(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, data[:len(data)-5], 0o600))
}

// TestAStoreOpensAgainOnceItIsDoneWhatTheErrorSays moves away what the error names.
func TestAStoreOpensAgainOnceItIsDoneWhatTheErrorSays(t *testing.T) {
	dir, files, events := written(t)
	cutOff(t, files[1])
	_, err := file.Open(t.Context(), dir, fast)
	require.ErrorIs(t, err, file.ErrDamaged)
	name, next := filepath.Base(files[1]), filepath.Base(files[2])
	require.ErrorContains(t, err, "events/"+name+": its events do not match their hash: it was changed or cut off; "+
		"bring that file back from a backup or from version control; or, if you can do without, "+
		"move it and the one that follows it ("+next+") out of events and delete state/head")
	for _, name := range []string{"events/" + name, "events/" + next, "state/head"} {
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
	}
	require.Equal(t, events[:4], global(t, open(t, dir, fast)))
}

func TestAMissingAppendNamesWhatFollowsIt(t *testing.T) {
	dir, files, _ := written(t)
	require.NoError(t, os.Remove(files[0]))
	_, err := file.Open(t.Context(), dir, fast)
	require.ErrorContains(t, err, filepath.Base(files[0])+", is missing; bring that file back from a backup or from version control; "+
		"or, if you can do without, move this file and the one that follows it ("+filepath.Base(files[2])+") out of events and delete state/head")
}

func TestWhatIsFoundDamagedWhenItIsReadSaysWhatToDo(t *testing.T) {
	dir, files, _ := written(t)
	s := open(t, dir, fast)
	cutOff(t, files[2])
	require.NoError(t, os.Remove(files[0]))
	for _, after := range []uint64{0, 8} {
		var last error
		for _, err := range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.NewPosition(0, after), 0) {
			last = err
		}
		require.ErrorContains(t, last, "; bring that file back from a backup or from version control")
	}
}

func TestAnErrorDoesNotListThousandsOfFiles(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "events"), 0o750))
	for range 1000 {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "events", uuid.Must(uuid.NewV7()).String()+".jsonl"), nil, 0o600))
	}
	_, err := file.Open(t.Context(), dir, fast)
	require.ErrorIs(t, err, file.ErrDamaged)
	require.ErrorContains(t, err, "and 980 more")
	require.Less(t, strings.Count(err.Error(), ".jsonl"), 30)

	dir = t.TempDir()
	s := open(t, dir, fast)
	for n := range 50 {
		appendTo(t, s, eventcore.Version(n), 1, eventcore.MustStreamID("a"))
	}
	require.NoError(t, s.Close())
	names, err := filepath.Glob(filepath.Join(dir, "events", "*"))
	require.NoError(t, err)
	cutOff(t, names[0])
	_, err = file.Open(t.Context(), dir, fast)
	require.ErrorIs(t, err, file.ErrDamaged)
	require.ErrorContains(t, err, "move it and the 49 that follow it (")
	require.ErrorContains(t, err, "and 44 more")
}
