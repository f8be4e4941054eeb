package scenarios

import "github.com/eventcore-go/eventcore-sim/eventcore"

// State is what a store keeps besides events, nil for what it does not keep.
type State struct {
	Checkpoints eventcore.CheckpointStore
	Coordinator eventcore.Coordinator
	Snapshots   eventcore.SnapshotStore
}

// StateOf returns what the store keeps besides events.
func StateOf(store eventcore.Store) State {
	var s State
	s.Checkpoints, _ = store.(eventcore.CheckpointStore)
	s.Coordinator, _ = store.(eventcore.Coordinator)
	s.Snapshots, _ = store.(eventcore.SnapshotStore)
	return s
}

// ability is something that not every store has.
type ability string

const (
	ableAllReader   ability = "eventcore.AllReader"
	ableCheckpoints ability = "eventcore.CheckpointStore"
	ableCoordinator ability = "eventcore.Coordinator"
	ableSnapshots   ability = "eventcore.SnapshotStore"
)

// has says whether the store has the ability.
func (a ability) has(store eventcore.Store) bool {
	state := StateOf(store)
	switch a {
	case ableCheckpoints:
		return state.Checkpoints != nil
	case ableCoordinator:
		return state.Coordinator != nil
	case ableSnapshots:
		return state.Snapshots != nil
	default:
		_, ok := store.(eventcore.AllReader)
		return ok
	}
}

// lacks returns the scenario's [Scenario.Lacks].
func lacks(needed []ability) func(eventcore.Store) string {
	return func(store eventcore.Store) string {
		for _, a := range needed {
			if !a.has(store) {
				return string(a)
			}
		}
		return ""
	}
}
