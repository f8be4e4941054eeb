package fleet_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/fleet"
)

// TestSecondCrashesAreCountedAlsoInADatabaseFromBeforeTheyWere takes a database whose tables have no
// columns for them, and half of the campaign's results.
func TestSecondCrashesAreCountedAlsoInADatabaseFromBeforeTheyWere(t *testing.T) {
	dsn := server.DSN(t)
	f, err := fleet.Open(t.Context(), dsn)
	require.NoError(t, err)
	campaign, err := f.Submit(t.Context(), fleet.Spec{Seeds: 3, Size: 1})
	require.NoError(t, err)
	f.Close()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `ALTER TABLE simrun_results
		DROP COLUMN again, DROP COLUMN again_due, DROP COLUMN restarts, DROP COLUMN restarts_again, DROP COLUMN restarts_again_due`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "INSERT INTO simrun_results VALUES ($1, 0, 'stub', 'contention', 1, 0, 0, 0, 0, 0, 0, 100, '{}')", campaign)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "UPDATE simrun_ranges SET reported = now() WHERE number = 0")
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))

	f, err = fleet.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(f.Close)
	require.NoError(t, f.Work(t.Context(), quick("worker"), func(context.Context, fleet.Spec, fleet.Range, map[string]string) (out fleet.Outcome, err error) {
		out.Summary.Workloads = map[sim.Workload]*sim.WorkloadSummary{{Backend: "stub", Scenario: "contention"}: {
			Runs: 1, Coverage: sim.Coverage{Crashes: 11, Again: 2, AgainDue: 3, Restarts: 7, RestartsAgain: 4, RestartsAgainDue: 5},
		}}
		return out, nil
	}))
	s, err := f.Status(t.Context(), campaign)
	require.NoError(t, err)
	require.True(t, s.Complete())
	n := int64(s.Ranges - 1) // those that were not reported before
	require.Positive(t, n)
	require.Equal(t, []fleet.Workload{{
		Backend: "stub", Scenario: "contention", Runs: n + 1, Crashes: 100 + 11*n, Again: 2 * n, AgainDue: 3 * n,
		Restarts: 7 * n, RestartsAgain: 4 * n, RestartsAgainDue: 5 * n,
	}}, s.Workloads)
}
