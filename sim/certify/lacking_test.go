package certify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	memstore "github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

// The methods of a store without the optional interface that it is named after.
type (
	noOrder struct {
		eventcore.Store
		eventcore.CheckpointStore
		eventcore.Coordinator
		eventcore.SnapshotStore
	}
	noCheckpoints struct {
		eventcore.Store
		eventcore.AllReader
		eventcore.Coordinator
		eventcore.SnapshotStore
	}
	noCoordinator struct {
		eventcore.Store
		eventcore.AllReader
		eventcore.CheckpointStore
		eventcore.SnapshotStore
	}
	noSnapshots struct {
		eventcore.Store
		eventcore.AllReader
		eventcore.CheckpointStore
		eventcore.Coordinator
	}
)

// What a scenario asks of a store is what its requirement needs: else its runs are broken,
// and a store that is right is kept from its level.
func TestAStoreMayDoWithoutEachOptionalInterface(t *testing.T) {
	for missing, wrap := range map[string]func(*memstore.Store) eventcore.Store{
		"eventcore.AllReader":       func(s *memstore.Store) eventcore.Store { return noOrder{s, s, s, s} },
		"eventcore.CheckpointStore": func(s *memstore.Store) eventcore.Store { return noCheckpoints{s, s, s, s} },
		"eventcore.Coordinator":     func(s *memstore.Store) eventcore.Store { return noCoordinator{s, s, s, s} },
		"eventcore.SnapshotStore":   func(s *memstore.Store) eventcore.Store { return noSnapshots{s, s, s, s} },
	} {
		t.Run(missing, func(t *testing.T) {
			if testing.Short() && missing != "eventcore.Coordinator" {
				t.Skip("left out with -short")
			}
			c := check(t, inMemory(wrap), quick(t, 20), noLazy())
			require.False(t, c.Failed())
			require.Equal(t, []string{"R-LAZY-01"}, c.Levels[0].Missing, "which was left out")
			require.Empty(t, c.Levels[1].Missing)
			require.Empty(t, c.Levels[2].Missing)
			said := 0
			for _, r := range c.Requirements {
				if r.Reason == "the store does not implement "+missing {
					said++
				}
			}
			require.Positive(t, said)
		})
	}
}

func TestReasonsSayWhatToDo(t *testing.T) {
	oneStream := inMemory(func(s *memstore.Store) eventcore.Store { return narrow{Store: s, cannot: scenarios.MultiStream} })
	settings := certify.Settings{First: 1, Seeds: 1, Only: true, Scenario: "contention", Dir: t.TempDir(), Brief: true}
	c := check(t, oneStream, settings, noLazy())
	for id, want := range map[string]string{
		"R-HANDLE-04": "certify.WithContract(storetest.WithSecondHandle(…))",
		"R-RES-01":    "certify.WithContract(storetest.WithResources(…))",
		"R-REOPEN-01": "certify.WithContract(storetest.WithReopen(…)), or Backend.Durable",
	} {
		got := status(t, c, id)
		require.Equal(t, certify.NotCertified, got.Status)
		require.Contains(t, got.Reason, want)
		require.NotContains(t, got.Reason, "storetest.Without(", "that certifies nothing")
	}
	reasons := make(map[certify.Ability]string)
	for _, a := range c.Abilities {
		if a.Status != certify.Passed {
			require.Contains(t, a.Reason, "R-", a.Ability)
		}
		reasons[a.Ability] = a.Reason
	}
	require.Contains(t, reasons[certify.MultiStream], "certify.Without(certify.MultiStream, certify.ReadOnly)")
	require.Contains(t, reasons[certify.Network], "Backend.Blocks is not set")
	require.Contains(t, reasons[certify.Checksums], "Backend.Checksummed is not set")
}
