package pgruns_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// TestARequestThatIsGivenUpLeavesItsFaultToNobody: a context that ends where the task is parked
// before a statement keeps that from being sent. What the network was to do to it must not
// hit whoever uses the connection next, which may be when no fault is active any more.
func TestARequestThatIsGivenUpLeavesItsFaultToNobody(t *testing.T) {
	b := open(t).Backend()
	scenario, err := scenarios.Lookup("contention")
	require.NoError(t, err)
	scenario.Params.Clients, scenario.Params.OpsPerClient = 1, 4
	const requests = 6
	unsent := 0
	for request := range requests {
		// The second call is an append, and the second of its points its statement.
		plan, err := chaos.ParsePlan(fmt.Sprintf("cancel@c0.1+2, net-cut-after@c0.%d", request))
		require.NoError(t, err)
		r, err := sim.Run(t.Context(), sim.Config{Backend: b, Scenario: scenario, Seed: 1, Faults: &plan, Crashes: &[]sim.Crash{}})
		require.NoError(t, err)
		if r.Coverage.Faults[chaos.NetCutAfter].Fired == 0 {
			require.Equal(t, 1, r.Coverage.Faults[chaos.Cancel].Fired)
			unsent++
		}
	}
	require.Equal(t, 1, unsent, "the request of the append that was given up, and no other")
}
