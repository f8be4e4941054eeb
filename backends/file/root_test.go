package file_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

func TestANewDirectoryIsAsDurableAsItsFirstAppend(t *testing.T) {
	for name, begin := range map[string]func(t *testing.T, d *disk.Disk){
		"all is missing": func(*testing.T, *disk.Disk) {},
		// It was made by a process that died before it was durable.
		"the root is there": func(t *testing.T, d *disk.Disk) {
			t.Helper()
			require.NoError(t, d.MkdirAll("data/stores/one"))
			require.NoError(t, d.SyncDir("."))
			require.NoError(t, d.SyncDir("data"))
		},
	} {
		d := disk.New(disk.Config{})
		begin(t, d)
		s, err := file.Open(t.Context(), "", file.Config{FS: d.Sub("data/stores/one")})
		require.NoError(t, err)
		appendTo(t, s, 0, 1, eventcore.MustStreamID("a"))
		d.Crash(disk.Loss{})
		s = open(t, "", file.Config{FS: d.Sub("data/stores/one")})
		require.Len(t, global(t, s), 1, name)
	}
}
