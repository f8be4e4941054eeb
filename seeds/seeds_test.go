// Package seeds replays the seed files of this folder: planted bugs that must be
// found again and bugs that were mended and must stay so.
package seeds

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
	"github.com/eventcore-go/eventcore-sim/internal/sqliteruns"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

var (
	server    pgtest.Once
	databases sqliteruns.Stores
)

func TestMain(m *testing.M) {
	code := server.Run(m)
	if err := databases.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// backend returns the backend of that name. own: the files are its own; else they were
// made on another, whose schedule would not fit the steps inside this one.
func backend(t *testing.T, name string, own bool) sim.Backend {
	t.Helper()
	if name == "sqlite-disk" {
		return sqliteruns.OnDisk(sqlite.SynchronousFull)
	}
	open, known := map[string]func(context.Context, sim.Env) (eventcore.Store, error){
		"memory": func(_ context.Context, env sim.Env) (eventcore.Store, error) {
			return memory.New(memory.Config{Clock: env.Clock}), nil
		},
		"file": func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			cfg := file.Config{FS: env.Disk.FS(), Clock: env.Clock, IDs: eventcore.NewIDGenerator(env.Clock, env.Random)}
			if !own {
				cfg.FS, cfg.MaxGroup = disk.New(disk.Config{}).FS(), 1
			}
			return file.Open(ctx, "", cfg)
		},
		"sqlite": func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			if !own {
				return sqlite.Open(ctx, sqlite.Memory, sqlite.Config{Clock: env.Clock, MaxGroup: 1})
			}
			return databases.Open(ctx, sqlite.Config{Clock: env.Clock, Synchronous: sqlite.SynchronousNormal}, env.Connections)
		},
		"postgres": func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			return postgres.Open(ctx, server.DSN(t), postgres.Config{Clock: env.Clock, MaxGroup: 1})
		},
	}[name]
	require.True(t, known, "no backend %q", name)
	return sim.Backend{Name: name, Open: open, Blocks: name == "postgres", NetworkFaults: name == "postgres", Durable: own && name == "file"}
}

// Every file also replays on the other backends: what a planted bug does to one store
// that keeps the contract it does to all.
func TestSeedFilesReplayOnEveryBackend(t *testing.T) {
	paths, err := filepath.Glob("*.json")
	require.NoError(t, err)
	for _, name := range []string{"file", "sqlite", "postgres"} {
		for _, path := range paths {
			t.Run(name+"/"+path, func(t *testing.T) {
				file, err := seedfile.Load(path)
				require.NoError(t, err)
				if len(file.Crashes) > 0 {
					t.Skip("what a crash leaves is this backend's alone")
				}
				if m, err := mutant.Lookup(file.Mutant); err == nil && m.Layer == mutant.Disk {
					t.Skip("the backends are not opened on simulated disks here")
				}
				certify.Replay(t, backend(t, name, false), file)
			})
		}
	}
}

func TestEverySeedFileComesToItsExpectedVerdict(t *testing.T) {
	paths, err := filepath.Glob("*.json")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			file, err := seedfile.Load(path)
			require.NoError(t, err)
			certify.Replay(t, backend(t, file.Backend, true), file)
		})
	}
}

// A seed file that expects a violation because of a planted bug must pass without
// it: else it shows some other bug, which nobody planted.
func TestSeedFilesOfMutantsPassWithoutTheMutant(t *testing.T) {
	paths, err := filepath.Glob("*.json")
	require.NoError(t, err)
	for _, path := range paths {
		file, err := seedfile.Load(path)
		require.NoError(t, err)
		if file.Mutant == "" {
			continue
		}
		t.Run(path, func(t *testing.T) {
			file.Mutant = ""
			cfg, err := file.Config(backend(t, file.Backend, true))
			require.NoError(t, err)
			// Without the bug clients make other calls, so that faults can miss
			// theirs: the run may be vacuous, but not wrong.
			result, err := sim.Run(t.Context(), cfg)
			require.NoError(t, err)
			require.False(t, result.Failed(), result.Reason)
		})
	}
}

// A planted bug has a file that shows it, so that a check which does not see it any more is
// noticed at once; and no two files show the same.
func TestEveryMutantHasAFileAndNoSignatureTwo(t *testing.T) {
	paths, err := filepath.Glob("*.json")
	require.NoError(t, err)
	shown, signatures := make(map[string]bool), make(map[string]string)
	for _, path := range paths {
		file, err := seedfile.Load(path)
		require.NoError(t, err)
		require.Empty(t, signatures[file.Signature()], "%s shows the same: %s", path, file.Signature())
		signatures[file.Signature()] = path
		if file.Mutant == "" {
			continue
		}
		require.NotEqual(t, sim.Pass, file.Expect.Verdict, path)
		require.NotEmpty(t, file.Expect.Anomaly, path)
		shown[file.Mutant] = true
	}
	for _, m := range slices.Concat(mutant.All(), mutant.OfState(), mutant.OfDisk(), mutant.OfDiskFaults()) {
		require.True(t, shown[m.Name], "no file shows %s; make one: go run ./cmd/simrun run --mutant %s --seeds 200 --save", m.Name, m.Name)
	}
}

// What is kept is short enough to be read.
func TestSeedFilesAreShrunk(t *testing.T) {
	paths, err := filepath.Glob("*.json")
	require.NoError(t, err)
	for _, path := range paths {
		file, err := seedfile.Load(path)
		require.NoError(t, err)
		require.NotNil(t, file.From, "%s: go run ./cmd/simrun shrink seeds/%s --out seeds", path, path)
		require.LessOrEqual(t, file.Program.Len(), 6, path)
		require.LessOrEqual(t, len(file.Program.Clients), 3, path)
	}
}

func TestSeedFilesCarryTheirUsualName(t *testing.T) {
	paths, err := filepath.Glob("*.json")
	require.NoError(t, err)
	for _, path := range paths {
		file, err := seedfile.Load(path)
		require.NoError(t, err)
		require.Equal(t, file.Name(), path)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		written, err := file.Format()
		require.NoError(t, err)
		require.Equal(t, string(written), string(data), "written by another version; replay and save it again")
	}
}
