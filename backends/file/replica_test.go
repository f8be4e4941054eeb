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

func TestAppendsNameTheReplicaThatMadeThem(t *testing.T) {
	dir, given := t.TempDir(), uuid.Must(uuid.NewV7())
	a := eventcore.MustStreamID("a")
	s := open(t, dir, file.Config{Fsync: file.FsyncNever, Replica: given})
	appendTo(t, s, 0, 1, a)
	require.NoError(t, s.Close())
	require.NoFileExists(t, filepath.Join(dir, "state", "replica"))
	require.Contains(t, events(t, dir), `"replica":"`+given.String()+`"`)
	for version := range 2 {
		s = open(t, dir, fast)
		appendTo(t, s, eventcore.Version(1+version), 1, a)
		require.NoError(t, s.Close())
	}
	require.Equal(t, 1, strings.Count(events(t, dir), given.String()))
	made, err := os.ReadFile(filepath.Join(dir, "state", "replica"))
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(events(t, dir), strings.TrimSpace(string(made))), "it is made once")
}
