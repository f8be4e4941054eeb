package memory

import (
	"context"
	"errors"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// errNoName refuses a key without a name.
var errNoName = errors.New("the snapshot key has no name; give it that of the command")

// LoadSnapshot implements [eventcore.SnapshotStore].
func (s *Store) LoadSnapshot(ctx context.Context, key eventcore.SnapshotKey) (eventcore.Snapshot, bool, error) {
	if err := refusesKey(ctx, key); err != nil {
		return eventcore.Snapshot{}, false, &eventcore.StoreFailure{Operation: eventcore.OpLoadSnapshot, Err: err}
	}
	s.mu.RLock()
	kept, found := s.snapshots[key]
	s.mu.RUnlock()
	// What is kept is never written to, so it can be copied without the lock.
	return copied(kept), found, nil
}

// SaveSnapshot implements [eventcore.SnapshotStore].
func (s *Store) SaveSnapshot(ctx context.Context, key eventcore.SnapshotKey, snapshot eventcore.Snapshot) (bool, error) {
	if err := refusesKey(ctx, key); err != nil {
		return false, &eventcore.StoreFailure{Operation: eventcore.OpSaveSnapshot, Outcome: eventcore.OutcomeNotApplied, Err: err}
	}
	kept := copied(snapshot)
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, found := s.snapshots[key]; found && !kept.Covers(&old) {
		return false, nil
	}
	s.snapshots[key] = kept
	return true, nil
}

// copied returns a snapshot that shares nothing with the one that it is given.
func copied(from eventcore.Snapshot) eventcore.Snapshot {
	return eventcore.Snapshot{Streams: slices.Clone(from.Streams), State: slices.Clone(from.State)}
}

// refusesKey says why nothing can be done for the key.
func refusesKey(ctx context.Context, key eventcore.SnapshotKey) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if key.Name == "" {
		return errNoName
	}
	return nil
}
