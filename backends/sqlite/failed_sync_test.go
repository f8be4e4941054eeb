package sqlite_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/sqliteruns"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// TestCommitsBehindOneWhoseSyncFailedAreDurable: a process that dies after a sync of the log
// failed leaves frames that the cache has and the disk has not. The next one reads them, and
// what it commits behind them must outlive a loss of power.
func TestCommitsBehindOneWhoseSyncFailedAreDurable(t *testing.T) {
	env := sim.RealEnv()
	b := sqliteruns.OnDisk(sqlite.SynchronousFull)
	id := eventcore.MustStreamID("a")
	at := func(s eventcore.Store, version eventcore.Version) error {
		var w eventcore.Writes
		require.NoError(t, w.Expect(id, version))
		require.NoError(t, w.Append(id, eventcore.Proposed{ID: uuid.Must(uuid.NewV7()), Type: "x", Data: []byte("1")}))
		_, err := s.Append(t.Context(), w)
		return err
	}
	versions := func(s eventcore.Store) (n eventcore.Version) {
		for event, err := range s.ReadStream(t.Context(), id, 0) {
			require.NoError(t, err)
			n = event.Version
		}
		return n
	}
	reopened := func(before eventcore.Store, loss disk.Loss) eventcore.Store {
		if before != nil {
			env.Disk.Crash(loss)
			require.NoError(t, b.Abandon(before))
		}
		s, err := b.Open(t.Context(), env)
		require.NoError(t, err)
		return s
	}
	s := reopened(nil, disk.Loss{})
	require.NoError(t, at(s, 0))
	failing := true
	env.Disk.SetFault(func(op disk.Op) disk.Fault {
		if failing && op.Kind == disk.OpSync && strings.HasSuffix(op.Path, "-wal") {
			failing = false
			return disk.EIO
		}
		return disk.NoFault
	})
	require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(at(s, 1)))
	require.False(t, failing)

	s = reopened(s, disk.Loss{KeepAll: true})
	found := versions(s)
	require.NoError(t, at(s, found))

	s = reopened(s, disk.Loss{})
	require.Equal(t, found+1, versions(s), "an acknowledged append is lost")
	require.NoError(t, b.Abandon(s))
}
