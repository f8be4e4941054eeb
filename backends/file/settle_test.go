package file_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// TestAnAppendWhoseSyncFailedIsWrittenAnew: a second sync of the directory says nothing of
// the name that the first one was to make durable.
func TestAnAppendWhoseSyncFailedIsWrittenAnew(t *testing.T) {
	for name, failures := range map[string]int{"once": 1, "again while it is settled": 3} {
		t.Run(name, func(t *testing.T) {
			left := 0
			d := disk.New(disk.Config{Fault: func(op disk.Op) disk.Fault {
				if left > 0 && op.Kind == disk.OpSyncDir && op.Path == "events" {
					left--
					return disk.EIO
				}
				return disk.NoFault
			}})
			s := open(t, "", file.Config{FS: d.FS()})
			require.NoError(t, oneMore(t, s, 0))
			left = failures
			require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(oneMore(t, s, 1)))
			for left > 0 {
				err := oneMore(t, s, 2)
				require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
				require.ErrorContains(t, err, "an append before this one is not settled")
			}
			require.NoError(t, oneMore(t, s, 2))
			require.NoError(t, s.Close())
			d.Crash(disk.Loss{})
			require.Equal(t, 3, whole(t, open(t, "", file.Config{FS: d.FS()})))
		})
	}
}
