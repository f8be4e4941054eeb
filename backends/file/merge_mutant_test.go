package file_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
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
		{"order by file time", file.OrderByFileTime, []merge.Anomaly{merge.Diverged, merge.Misordered}},
		{"tie-break by map order", file.TieBreakByMapOrder, []merge.Anomaly{merge.Diverged, merge.Misordered}},
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
