package sqlite_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	driver "modernc.org/sqlite"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/sqliteruns"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
	"github.com/eventcore-go/eventcore-sim/sim/sqlitevfs"
)

var before, doubtful, after = eventcore.MustStreamID("before"), eventcore.MustStreamID("doubtful"), eventcore.MustStreamID("after")

// TestWhatIsAcknowledgedAfterASyncThatFailedIsDurable: what the sync was to make durable is in the
// system's cache and never on the disk. A connection that finds it there goes on behind it, and all
// that is committed then is lost with it when the power fails.
func TestWhatIsAcknowledgedAfterASyncThatFailedIsDurable(t *testing.T) {
	for name, test := range map[string]struct {
		connections int
		// between happens after the first append and calls appends, whose sync fails.
		between func(t *testing.T, env sim.Env, store eventcore.Store, appends func())
	}{
		"nothing else happens": {between: func(_ *testing.T, _ sim.Env, _ eventcore.Store, appends func()) { appends() }},
		// It keeps SQLite from emptying the log where the connection that has failed is closed, and
		// then reads the log as one that nobody has open.
		"while another connection is opened": {between: func(t *testing.T, env sim.Env, store eventcore.Store, appends func()) {
			t.Helper()
			opening := false
			env.Disk.SetPoint(func(name string) {
				if !opening && name == "disk: stat "+sqliteruns.Database+"-journal" {
					opening = true
					appends()
				}
			})
			require.NotEmpty(t, stream(t, store, before))
			require.True(t, opening)
			env.Disk.SetPoint(nil)
		}},
		"the only connection fails to read too": {connections: 1, between: func(t *testing.T, env sim.Env, store eventcore.Store, appends func()) {
			t.Helper()
			appends()
			fail(env.Disk, disk.OpRead, "")
			for _, err := range store.ReadStream(t.Context(), before, 0) {
				require.Error(t, err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			backend, env := sqliteruns.OnDisk(sqlite.SynchronousFull), sim.RealEnv()
			env.Connections = test.connections
			store := onDisk(t, backend, env)
			appendTo(t, store, 0, 3, before)
			test.between(t, env, store, func() {
				fail(env.Disk, disk.OpSync, "-wal")
				_, err := store.Append(t.Context(), batch(t, 0, 2, doubtful))
				require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(err), "%v", err)
			})
			env.Disk.SetFault(nil)
			appendTo(t, store, 0, 1, after)
			appendTo(t, store, 3, 1, before)

			env.Disk.Crash(disk.Loss{})
			require.NoError(t, backend.Abandon(store))
			again := onDisk(t, backend, env)
			require.Len(t, stream(t, again, before), 4)
			require.Len(t, stream(t, again, after), 1)
			require.NoError(t, again.(interface{ Close() error }).Close())
		})
	}
}

// TestALogThatAnotherProcessTookForWholeIsBegunAnew: the process whose sync has failed closes its
// connection while another one opens the database, which then goes by what is in the cache.
func TestALogThatAnotherProcessTookForWholeIsBegunAnew(t *testing.T) {
	env := sim.RealEnv()
	fs, err := sqlitevfs.New(sqlitevfs.Config{Files: env.Disk.FS(), Point: env.Point, Random: env.Random, Now: env.Clock.Now, Sleep: env.Sleep})
	require.NoError(t, err)
	connector, err := driver.NewConnector(fs.DSN(sqliteruns.Database))
	require.NoError(t, err)
	db, other := sql.OpenDB(connector), sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	store, err := sqlite.New(t.Context(), db, sqlite.Config{Files: env.Disk.FS()})
	require.NoError(t, err)
	appendTo(t, store, 0, 3, before)
	fail(env.Disk, disk.OpSync, "-wal")
	_, err = store.Append(t.Context(), batch(t, 0, 2, doubtful))
	require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(err), "%v", err)

	closed := false
	env.Disk.SetPoint(func(name string) {
		if closed || name != "disk: stat "+sqliteruns.Database+"-journal" {
			return
		}
		closed = true
		fail(env.Disk, disk.OpRead, "")
		for _, err := range store.ReadStream(t.Context(), before, 0) {
			require.Error(t, err, "the connection is closed after it")
		}
		env.Disk.SetFault(nil)
	})
	var events int
	require.NoError(t, other.QueryRowContext(t.Context(), "SELECT count(*) FROM eventcore_events").Scan(&events))
	require.True(t, closed)
	require.Equal(t, 5, events, "the other process finds what was not synced")
	env.Disk.SetPoint(nil)
	appendTo(t, store, 0, 1, after)

	env.Disk.Crash(disk.Loss{})
	_, _, _ = store.Close(), db.Close(), other.Close() // the machine has crashed
	again := onDisk(t, sqliteruns.OnDisk(sqlite.SynchronousFull), env)
	require.Len(t, stream(t, again, before), 3)
	require.Len(t, stream(t, again, after), 1)
	require.NoError(t, again.(interface{ Close() error }).Close())
}

func onDisk(t *testing.T, backend sim.Backend, env sim.Env) eventcore.Store {
	t.Helper()
	store, err := backend.Open(context.WithoutCancel(t.Context()), env)
	require.NoError(t, err)
	return store
}

// fail lets the next operation of that kind on a file whose name ends so fail.
func fail(d *disk.Disk, kind disk.Kind, suffix string) {
	done := false
	d.SetFault(func(op disk.Op) disk.Fault {
		if done || op.Kind != kind || !strings.HasSuffix(op.Path, suffix) {
			return disk.NoFault
		}
		done = true
		return disk.EIO
	})
}
