package mutant

import (
	"context"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// snapshotBack keeps the snapshot that came last, whether it covers the one that is there or
// not: that of a command that was slow puts the state back.
func snapshotBack() Mutant {
	return Mutant{
		Name: "snapshot-back", Doc: "A snapshot replaces the one that is there without the test whether it covers it.", Layer: Backend,
		Snapshots: func(inner eventcore.SnapshotStore) eventcore.SnapshotStore {
			return newSnapshots(inner, func(_, next eventcore.Snapshot, _ bool) eventcore.Snapshot { return next })
		},
	}
}

// snapshotTorn keeps versions and state in two rows, and writes one of them only where both
// are there already.
func snapshotTorn() Mutant {
	return Mutant{
		Name: "snapshot-torn", Doc: "A snapshot that replaces another one gets its versions and keeps the other one's state.", Layer: Backend,
		Snapshots: func(inner eventcore.SnapshotStore) eventcore.SnapshotStore {
			return newSnapshots(inner, func(old, next eventcore.Snapshot, found bool) eventcore.Snapshot {
				if found {
					next.State = old.State
				}
				return next
			})
		},
	}
}

type snapshotMap struct {
	inner   eventcore.SnapshotStore
	replace func(old, next eventcore.Snapshot, found bool) eventcore.Snapshot

	mu   sync.Mutex
	kept map[eventcore.SnapshotKey]eventcore.Snapshot
}

func newSnapshots(inner eventcore.SnapshotStore, replace func(old, next eventcore.Snapshot, found bool) eventcore.Snapshot) *snapshotMap {
	return &snapshotMap{inner: inner, replace: replace, kept: make(map[eventcore.SnapshotKey]eventcore.Snapshot)}
}

func (s *snapshotMap) LoadSnapshot(ctx context.Context, key eventcore.SnapshotKey) (eventcore.Snapshot, bool, error) {
	if _, _, err := s.inner.LoadSnapshot(ctx, key); err != nil {
		return eventcore.Snapshot{}, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, found := s.kept[key]
	return kept, found, nil
}

func (s *snapshotMap) SaveSnapshot(ctx context.Context, key eventcore.SnapshotKey, snapshot eventcore.Snapshot) (bool, error) {
	if _, err := s.inner.SaveSnapshot(ctx, key, snapshot); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, found := s.kept[key]
	s.kept[key] = s.replace(old, snapshot, found)
	return true, nil
}
