package sqlite_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func orders() eventcore.SubscriptionID { return eventcore.MustSubscriptionID("orders") }

// lead acquires the lease.
func lead(tb testing.TB, s *sqlite.Store) eventcore.Lease {
	tb.Helper()
	lease, err := s.TryAcquire(tb.Context(), orders())
	require.NoError(tb, err)
	require.NoError(tb, lease.Check(tb.Context()))
	return lease
}

// TestLeader is the process that is killed: it leads and says so.
func TestLeader(t *testing.T) {
	path := os.Getenv(processPath)
	if path == "" || os.Getenv(processKill) == "" {
		t.Skip("this is a part of another test")
	}
	lease := lead(t, open(t, path, sqlite.Config{}))
	fmt.Fprintln(os.Stdout, "leads", lease.Token())
	select {}
}

func TestALeaseEndsWhenItsProcessIsKilled(t *testing.T) {
	path := file(t)
	s := open(t, path, sqlite.Config{})
	last := uint64(0)
	for range 3 {
		leader := process(t.Context(), path, 0)
		leader.Args[1] = "-test.run=^TestLeader$"
		leader.Env = append(leader.Env, processKill+"=1")
		out, err := leader.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, leader.Start())
		var token uint64
		for lines := bufio.NewScanner(out); token == 0 && lines.Scan(); {
			if text, found := strings.CutPrefix(lines.Text(), "leads "); found {
				_, err := fmt.Sscan(text, &token)
				require.NoError(t, err)
			}
		}
		require.Greater(t, token, last)
		_, err = s.TryAcquire(t.Context(), orders())
		require.ErrorIs(t, err, eventcore.ErrLeaseHeld)
		require.NoError(t, leader.Process.Kill())
		require.Error(t, leader.Wait())

		lease := lead(t, s)
		require.Greater(t, lease.Token(), token)
		last = lease.Token()
		require.NoError(t, lease.Release(t.Context()))
	}
}

// lockFile returns the file of the lease.
func lockFile(t *testing.T, path string) string {
	t.Helper()
	found, err := filepath.Glob(path + "-lease-*")
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found[0]
}

func TestWhoDeletesTheFileOfALeaseMakesItsHolderLoseIt(t *testing.T) {
	for name, meddle := range map[string]func(t *testing.T, path string){
		"deleted": func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
		"replaced": func(t *testing.T, path string) {
			require.NoError(t, os.Rename(path, path+".old"))
			require.NoError(t, os.WriteFile(path, nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t)
			one, two := open(t, path, sqlite.Config{}), open(t, path, sqlite.Config{})
			old := lead(t, one)
			meddle(t, lockFile(t, path))
			next := lead(t, two)
			require.Greater(t, next.Token(), old.Token())
			require.ErrorIs(t, old.Check(t.Context()), eventcore.ErrLeaseLost)
			require.ErrorIs(t, old.Check(t.Context()), eventcore.ErrLeaseLost, "it does not come back")
			require.NoError(t, old.Release(t.Context()))
			require.NoError(t, next.Check(t.Context()))
		})
	}
}

func TestALeaseWhoseFileIsDeletedIsLostThoughNobodyLeads(t *testing.T) {
	path := file(t)
	lease := lead(t, open(t, path, sqlite.Config{}))
	require.NoError(t, os.Remove(lockFile(t, path)))
	require.ErrorIs(t, lease.Check(t.Context()), eventcore.ErrLeaseLost)
}

func TestTheFileOfALeaseStaysAndIsEmpty(t *testing.T) {
	path := file(t)
	require.NoError(t, open(t, path, sqlite.Config{}).Close())
	require.NoError(t, os.Chmod(path, 0o640))
	s := open(t, path, sqlite.Config{})
	require.NoError(t, lead(t, s).Release(t.Context()))
	info, err := os.Stat(lockFile(t, path))
	require.NoError(t, err)
	require.Zero(t, info.Size())
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm(), "who may use the database may lead")
}

func TestABroughtDatabaseOnAFileSharesItsLeases(t *testing.T) {
	path := file(t)
	db := bare(t, path)
	db.SetMaxOpenConns(1)
	one, err := sqlite.New(t.Context(), db, sqlite.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, one.Close()) })
	two := open(t, path, sqlite.Config{})
	lease := lead(t, one)
	_, err = two.TryAcquire(t.Context(), orders())
	require.ErrorIs(t, err, eventcore.ErrLeaseHeld)
	require.NoError(t, one.Close())
	require.ErrorIs(t, lease.Check(t.Context()), eventcore.ErrLeaseLost)
	lead(t, two)
}

func TestALeaseInMemoryIsLostWhenItIsTakenOutOfTheDatabase(t *testing.T) {
	db := bare(t, "file:meddled?mode=memory&cache=shared")
	s, err := sqlite.New(t.Context(), db, sqlite.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	lease := lead(t, s)
	run(t, db, "UPDATE eventcore_leases SET held = 0")
	require.ErrorIs(t, lease.Check(t.Context()), eventcore.ErrLeaseLost)
}

func TestALeaseThatCannotBeCountedIsNotHeld(t *testing.T) {
	path := file(t)
	s := open(t, path, sqlite.Config{})
	run(t, bare(t, path), "CREATE TRIGGER planted BEFORE INSERT ON eventcore_leases BEGIN SELECT RAISE(ABORT, 'planted'); END")
	_, err := s.TryAcquire(t.Context(), orders())
	require.ErrorContains(t, err, "acquire lease: ")
	require.ErrorContains(t, err, "planted")
	run(t, bare(t, path), "DROP TRIGGER planted")
	lead(t, s)
}
