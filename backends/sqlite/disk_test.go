package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/sqliteruns"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// firstFailure returns the first run that fails of some seeds of all scenarios, or nil.
func firstFailure(t *testing.T, cfg sim.Config, seeds uint64) *sim.Result {
	t.Helper()
	for seed := uint64(1); seed <= seeds; seed++ {
		for _, s := range scenarios.All() {
			cfg.Seed, cfg.Scenario = seed, s
			r, err := sim.Run(t.Context(), cfg)
			require.NoError(t, err)
			if r.Failed() {
				return r
			}
		}
	}
	return nil
}

// TestWhatIsNotSyncedIsFoundByCrashes: only a crash shows it, so the number of seeds says how
// often crashes come at the right time. That nothing is found without a bug is what
// TestCertify is for.
func TestWhatIsNotSyncedIsFoundByCrashes(t *testing.T) {
	if testing.Short() {
		t.Skip("one task goes on at a time, and it takes many runs")
	}
	const budget = 8
	bugs := map[string]sim.Config{
		// An append that is acknowledged before it is synced.
		"synchronous NORMAL": {Backend: sqliteruns.OnDisk(sqlite.SynchronousNormal)},
	}
	for _, m := range mutant.OfDisk() {
		bugs[m.Name] = sim.Config{Backend: sqliteruns.OnDisk(sqlite.SynchronousFull), Mutant: &m}
	}
	for name, cfg := range bugs {
		t.Run(name, func(t *testing.T) {
			r := firstFailure(t, cfg, budget)
			require.NotNil(t, r, "not found within %d seeds", budget)
			require.Equal(t, sim.Violation, r.Verdict, r.Reason)
			require.NotEmpty(t, r.Crashes)
			t.Logf("seed %d in %s: %s: %s", r.Seed, r.Scenario, r.Findings[0].Name, r.Findings[0].Message)
			cfg.Crashes = &[]sim.Crash{}
			require.Nil(t, firstFailure(t, cfg, 1), "without crashes it cannot show")
		})
	}
}

// TestTasksArePlacedInTheMiddleOfSQLite: the places at which others may run, and crashes
// come, are those that SQLite's own bugs and those of its users would show at.
func TestTasksArePlacedInTheMiddleOfSQLite(t *testing.T) {
	if testing.Short() {
		t.Skip("one task goes on at a time, and it takes many runs")
	}
	var trace strings.Builder
	var sum sim.Coverage
	crashes := 0
	for seed := uint64(1); seed <= 200; seed++ {
		scenario, err := scenarios.Lookup("mixed")
		require.NoError(t, err)
		r, err := sim.Run(t.Context(), sim.Config{Seed: seed, Backend: sqliteruns.OnDisk(sqlite.SynchronousFull), Scenario: scenario})
		require.NoError(t, err)
		require.Equal(t, sim.Pass, r.Verdict, r.Reason)
		_, err = r.Trace.WriteTo(&trace)
		require.NoError(t, err)
		crashes += len(r.Crashes)
		sum.Crashes += r.Coverage.Crashes
		sum.Lost += r.Coverage.Lost
		sum.Torn += r.Coverage.Torn
	}
	for _, point := range []string{
		"disk: write events.db-wal", "disk: sync events.db-wal", "disk: read events.db",
		"sqlite: lock log of events.db", "sqlite: barrier of events.db",
	} {
		require.Contains(t, trace.String(), point)
	}
	require.Positive(t, crashes)
	require.Greater(t, sum.Crashes, crashes, "none in a recovery")
	require.Positive(t, sum.Lost)
	require.Positive(t, sum.Torn)
}

// TestARunLeavesTheSameDisk: not only the trace is that of the seed, but each byte, of which
// SQLite draws some; whatever else in the process has drawn before.
func TestARunLeavesTheSameDisk(t *testing.T) {
	backend := sqliteruns.OnDisk(sqlite.SynchronousFull)
	for seed := uint64(1); seed <= 4; seed++ {
		var images []string
		for i := range 2 {
			if i == 1 {
				drawElsewhere(t)
			}
			var d *disk.Disk
			b := backend
			b.Open = func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
				d = env.Disk
				return backend.Open(ctx, env)
			}
			// A crash of the process only, so that the log is still there at the end.
			d = nil
			var logs strings.Builder
			b.Abandon = func(store eventcore.Store) error {
				fmt.Fprint(&logs, image(t, d))
				return backend.Abandon(store)
			}
			scenario, err := scenarios.Lookup("transfers")
			require.NoError(t, err)
			r, err := sim.Run(t.Context(), sim.Config{
				Seed: seed, Backend: b, Scenario: scenario,
				Crashes: &[]sim.Crash{{Step: 300, Kind: sim.CrashProcess}, {Step: 600, At: "write", Kind: sim.CrashReordered}},
			})
			require.NoError(t, err)
			require.Equal(t, sim.Pass, r.Verdict, r.Reason)
			require.Contains(t, logs.String(), sqliteruns.Database+"-wal")
			images = append(images, fmt.Sprint(r.Trace.Hash(), logs.String(), image(t, d)))
		}
		require.True(t, images[0] == images[1], "seed %d", seed) // it would print megabytes
	}
}

// drawElsewhere leaves SQLite's generator of random numbers, of which a process has one, seeded
// by a database that is not simulated.
func drawElsewhere(t *testing.T) {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	defer db.Close()
	var drawn int64
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT random()").Scan(&drawn))
}

// image returns all that is on a disk.
func image(t *testing.T, d *disk.Disk) string {
	t.Helper()
	d = d.Clone() // which parks nobody
	var all strings.Builder
	for _, name := range d.List() {
		f, err := d.OpenFile(name, os.O_RDONLY)
		require.NoError(t, err)
		data, err := io.ReadAll(f)
		require.NoError(t, err)
		fmt.Fprintf(&all, "%s %d %q\n", name, len(data), data)
	}
	return all.String()
}

func TestFilesAreForADatabaseThatIsBrought(t *testing.T) {
	_, err := sqlite.Open(t.Context(), "events.db", sqlite.Config{Files: disk.New(disk.Config{}).FS()})
	require.ErrorContains(t, err, "Files is set; open the database with its VFS and use New")
}
