package sim

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// kept is how far the checkpoints and the snapshots of a store have come. A save that succeeds
// is a change only if it takes one further: who saves the same for ever gets nowhere. The zero
// value is that of a store which has none.
type kept struct {
	checkpoints map[eventcore.SubscriptionID]eventcore.Position
	// snapshots have no states.
	snapshots map[eventcore.SnapshotKey]eventcore.Snapshot
}

// checkpoint says whether that of a subscription is further on than it ever was, and notes that.
func (k *kept) checkpoint(id eventcore.SubscriptionID, at eventcore.Position) bool {
	if at.Compare(k.checkpoints[id]) <= 0 {
		return false
	}
	if k.checkpoints == nil {
		k.checkpoints = make(map[eventcore.SubscriptionID]eventcore.Position)
	}
	k.checkpoints[id] = at
	return true
}

// snapshot says whether a snapshot that was saved is of more than the one before, and notes that.
func (k *kept) snapshot(key eventcore.SnapshotKey, s *eventcore.Snapshot) bool {
	if before, found := k.snapshots[key]; found && before.Covers(s) {
		return false
	}
	if k.snapshots == nil {
		k.snapshots = make(map[eventcore.SnapshotKey]eventcore.Snapshot)
	}
	k.snapshots[key] = eventcore.Snapshot{Streams: slices.Clone(s.Streams)}
	return true
}
