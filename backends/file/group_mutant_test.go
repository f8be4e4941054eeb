package file_test

import (
	"context"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// journaling is a file system that counts groups and what is put back of them, and leaves out
// what a store might forget of their journal.
type journaling struct {
	vfs.FS
	*counts
	// unread: what is in it is not used. unsynced: it is not synced.
	unread, unsynced bool
	// read: the appends are being read, and nothing is put back any more.
	read *bool
}

// counts are how many groups there were, and how many files of them were put back.
type counts struct{ groups, putBack int }

func (j journaling) OpenFile(name string, flag int) (vfs.File, error) {
	if name == "state/group" && flag == os.O_RDONLY && j.unread {
		return nil, fs.ErrNotExist
	}
	*j.read = *j.read || name == "state/head"
	f, err := j.FS.OpenFile(name, flag)
	if name != "state/group" || err != nil {
		return f, err
	}
	return journalFile{f, j}, nil
}

// Rename counts what is put back.
func (j journaling) Rename(from, to string) error {
	if !*j.read && strings.HasPrefix(to, "events/") {
		j.putBack++
	}
	return j.FS.Rename(from, to)
}

// journalFile is the journal of groups.
type journalFile struct {
	vfs.File
	journaling
}

func (j journalFile) Sync() error {
	j.groups++
	if j.unsynced {
		return nil
	}
	return j.File.Sync()
}

// journaled is this backend with such a file system.
func journaled(plant journaling) sim.Backend {
	b := simulated()
	b.Open = func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		j := plant
		j.FS, j.read = env.Disk.FS(), new(bool)
		return file.Open(ctx, "", file.Config{FS: j, Clock: env.Clock, IDs: eventcore.NewIDGenerator(env.Clock, env.Random)})
	}
	return b
}

// crowded has many clients append to many streams on a disk that loses any of what is not
// synced when a directory is about to be.
func crowded(t *testing.T, seed uint64, backend sim.Backend) *sim.Result {
	t.Helper()
	s, err := scenarios.Lookup("mixed")
	require.NoError(t, err)
	s.Params = scenarios.Params{Clients: 10, OpsPerClient: 8, Streams: 30, MaxEvents: 1}
	r := prng.New(seed, "crowded")
	var crashes []sim.Crash
	for step := 100; len(crashes) < 8; step += 60 + r.IntN(200) {
		crashes = append(crashes, sim.Crash{Step: step, At: "sync directory", Kind: sim.CrashReordered, Again: r.IntN(2) * r.IntN(20)})
	}
	run, err := sim.Run(t.Context(), sim.Config{Seed: seed, Backend: backend, Scenario: s, Faults: &chaos.Plan{}, Crashes: &crashes})
	require.NoError(t, err)
	return run
}

// TestASimulatedStoreNeedsTheJournalOfItsGroups: seeds find that it is not used, or not there
// in time, and pass where it is.
func TestASimulatedStoreNeedsTheJournalOfItsGroups(t *testing.T) {
	if testing.Short() {
		t.Skip("one task goes on at a time, and it takes many runs")
	}
	const budget = 40
	for name, plant := range map[string]journaling{
		"unread":   {unread: true},
		"unsynced": {unsynced: true},
	} {
		t.Run(name, func(t *testing.T) {
			plant.counts = &counts{}
			for seed := uint64(1); seed <= budget; seed++ {
				if r := crowded(t, seed, journaled(plant)); r.Failed() {
					t.Logf("seed %d, %d groups: %s %s %v", r.Seed, plant.groups, r.Verdict, r.Reason, r.Findings)
					return
				}
			}
			require.Failf(t, "not found", "within %d seeds, %d groups", budget, plant.groups)
		})
	}
	right := journaling{counts: &counts{}}
	for seed := uint64(1); seed <= budget; seed++ {
		r := crowded(t, seed, journaled(right))
		require.Equal(t, sim.Pass, r.Verdict, "seed %d: %s %v", seed, r.Reason, r.Findings)
	}
	require.Greater(t, right.groups, 4*budget)
	require.Greater(t, right.putBack, budget/4)
}

// TestManyAppendsOfItsScenarioAreMadeDurableInGroups: a scenario of groups that makes none would
// pass whatever is wrong with them.
func TestManyAppendsOfItsScenarioAreMadeDurableInGroups(t *testing.T) {
	s, err := scenarios.Lookup("group-commit")
	require.NoError(t, err)
	const seeds = 20
	c := &counts{}
	for seed := range uint64(seeds) {
		r, err := sim.Run(t.Context(), sim.Config{Seed: seed, Backend: journaled(journaling{counts: c}), Scenario: s})
		require.NoError(t, err)
		require.Equal(t, sim.Pass, r.Verdict, "seed %d: %s", seed, r.Reason)
	}
	require.Greater(t, c.groups, 5*seeds)
	t.Logf("%d groups in %d runs", c.groups, seeds)
}
