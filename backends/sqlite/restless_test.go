package sqlite_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/internal/restless"
	"github.com/eventcore-go/eventcore-sim/internal/sqliteruns"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// TestARestlessDisk has many more failed syncs than seeds draw, and crashes between them. Each of
// the runs fails where what mended it is taken out.
func TestARestlessDisk(t *testing.T) {
	plan, err := chaos.ParsePlan("disk-fsync=15%")
	require.NoError(t, err)
	fired := 0
	for _, failed := range []struct {
		scenario string
		seed     uint64
		why      string
	}{
		{"pool-saturation", 14, "a crash that ended the last call of all was followed by nothing"},
		{"mixed", 2, "what a sync that failed had left in the log was lost, and what was acknowledged behind it"},
		{"write-skew", 40, "a log from before a sync that failed was back over a newer database"},
		{"mixed", 99, "likewise"},
	} {
		s, err := scenarios.Lookup(failed.scenario)
		require.NoError(t, err)
		r, err := sim.Run(t.Context(), sim.Config{
			Seed: failed.seed, Scenario: s, Backend: sqliteruns.OnDisk(sqlite.SynchronousFull),
			Faults: &plan, Crashes: restless.Crashes(failed.seed), StallTimeout: 5 * time.Second,
		})
		require.NoError(t, err)
		require.Equal(t, sim.Pass, r.Verdict, "%s %d: %s: %s", failed.scenario, failed.seed, failed.why, r.Reason)
		require.NotEmpty(t, r.Crashes)
		fired += r.Coverage.Faults[chaos.DiskFsync].Fired
	}
	require.Positive(t, fired)
}
