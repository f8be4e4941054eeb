package file_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/internal/mergeruns"
	"github.com/eventcore-go/eventcore-sim/sim/merge"
)

// TestTheSimulatorFindsWhatIsPlantedInTheMergeMode: each bug within so many seeds, which
// the store without it passes.
func TestTheSimulatorFindsWhatIsPlantedInTheMergeMode(t *testing.T) {
	const seeds = 12
	planted := []struct {
		name  string
		plant func(*file.MergeConfig, int)
		by    []merge.Anomaly
	}{
		{"order by file time", file.OrderByFileTime, []merge.Anomaly{merge.Diverged, merge.Misordered, merge.Topology}},
		{"tie-break by map order", file.TieBreakByMapOrder, []merge.Anomaly{merge.Diverged, merge.Misordered, merge.Topology}},
		{"fork without ancestry", file.ForkWithoutAncestry, []merge.Anomaly{merge.ForkMissed, merge.ForkInvented}},
		{"ingestion by event ID", file.IngestByEventID, []merge.Anomaly{merge.CursorSkipped}},
		{"nothing is synced", file.NothingIsSynced, []merge.Anomaly{merge.CursorSkipped, merge.Refused, merge.Lost}},
	}
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			open := mergeruns.With(func(cfg *file.MergeConfig, o merge.Options) { p.plant(cfg, o.Replica) })
			for seed := range uint64(seeds) {
				r, err := merge.Run(t.Context(), open, seed)
				require.NoError(t, err)
				if r.Violation != nil {
					t.Logf("seed %d: %.300v", seed, r.Violation)
					require.Contains(t, p.by, r.Violation.Anomaly, "%v", r.Violation)
					return
				}
			}
			t.Fatalf("not found in %d seeds", seeds)
		})
	}
	for seed := range uint64(seeds) {
		r, err := merge.Run(t.Context(), mergeruns.Open, seed)
		require.NoError(t, err)
		require.Nil(t, r.Violation)
	}
}

// TestReplicasThatDifferAreSeenToDiverge: the check that compares replicas with one another
// fires too, not only the one that compares them with the model.
func TestReplicasThatDifferAreSeenToDiverge(t *testing.T) {
	const seeds = 40
	open := mergeruns.With(func(cfg *file.MergeConfig, o merge.Options) { file.TieBreakByMapOrder(cfg, o.Replica) })
	for seed := range uint64(seeds) {
		r, err := merge.Run(t.Context(), open, seed)
		require.NoError(t, err)
		if r.Violation != nil && r.Violation.Anomaly == merge.Diverged {
			return
		}
	}
	t.Fatalf("not in %d seeds", seeds)
}

// forgetful leaves out syncs.
type forgetful struct {
	vfs.FS
	file, dir func(name string) bool
}

func (f forgetful) OpenFile(name string, flag int) (vfs.File, error) {
	opened, err := f.FS.OpenFile(name, flag)
	if err == nil && f.file(name) {
		return unsynced{opened}, nil
	}
	return opened, err
}

func (f forgetful) SyncDir(name string) error {
	if f.dir(name) {
		return nil
	}
	return f.FS.SyncDir(name)
}

// TestTheSimulatorFindsASyncThatIsLeftOut: each sync of the merge mode is one too few
// without it.
func TestTheSimulatorFindsASyncThatIsLeftOut(t *testing.T) {
	const seeds = 40
	no := func(string) bool { return false }
	named := func(names ...string) func(string) bool {
		return func(name string) bool {
			return slices.ContainsFunc(names, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		}
	}
	transaction := func(name string) bool { return strings.HasSuffix(name, ".jsonl") }
	planted := map[string]forgetful{
		"files of appends":     {file: func(name string) bool { return transaction(name) && strings.HasPrefix(name, "tmp/") }, dir: no},
		"files that were put":  {file: func(name string) bool { return transaction(name) && strings.HasPrefix(name, "events/") }, dir: no},
		"directory of events":  {file: no, dir: named("events")},
		"log as it grows":      {file: named("state/ingested"), dir: no},
		"log as it is renewed": {file: named("tmp/state-ingested"), dir: no},
		"directory of the log": {file: no, dir: named("state")},
	}
	for name, plant := range planted {
		t.Run(name, func(t *testing.T) {
			open := mergeruns.With(func(cfg *file.MergeConfig, _ merge.Options) {
				p := plant
				p.FS = cfg.FS
				cfg.FS = p
			})
			for seed := range uint64(seeds) {
				r, err := merge.Run(t.Context(), open, seed)
				require.NoError(t, err)
				if r.Violation != nil {
					t.Logf("seed %d: %.200v", seed, r.Violation)
					return
				}
			}
			t.Fatalf("not found in %d seeds", seeds)
		})
	}
}
