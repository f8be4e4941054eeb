package sim

import (
	"context"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// errLeaseCrashed is what the holder of a lease learns whose store has crashed.
var errLeaseCrashed = fmt.Errorf("%w: %w", eventcore.ErrLeaseLost, errCrashed)

// processCheckpoints are the checkpoints of the store that is open at the time of the call.
type processCheckpoints struct{ run *run }

// LoadCheckpoint implements [eventcore.CheckpointStore].
func (p *processCheckpoints) LoadCheckpoint(ctx context.Context, id eventcore.SubscriptionID) (at eventcore.Position, err error) {
	defer enter(ctx).leave(eventcore.OpLoadCheckpoint, &err)
	return p.run.liveState.Checkpoints.LoadCheckpoint(ctx, id)
}

// SaveCheckpoint implements [eventcore.CheckpointStore].
func (p *processCheckpoints) SaveCheckpoint(ctx context.Context, id eventcore.SubscriptionID, at eventcore.Position) (now eventcore.Position, err error) {
	defer enter(ctx).leave(eventcore.OpSaveCheckpoint, &err)
	now, err = p.run.liveState.Checkpoints.SaveCheckpoint(ctx, id, at)
	if err == nil && p.run.kept.checkpoint(id, now) {
		p.run.world.changed()
	}
	return now, err
}

// processCoordinator is the coordinator of the store that is open at the time of the call.
// Its leases end with the process of the store. To get one changes nothing by itself: whose
// leases are lost as soon as they are held gets them for ever.
type processCoordinator struct{ run *run }

// TryAcquire implements [eventcore.Coordinator].
func (p *processCoordinator) TryAcquire(ctx context.Context, id eventcore.SubscriptionID) (lease eventcore.Lease, err error) {
	defer enter(ctx).leave(eventcore.OpAcquire, &err)
	given, err := p.run.liveState.Coordinator.TryAcquire(ctx, id)
	if err != nil {
		return nil, err
	}
	return &processLease{p.run, given, p.run.epoch}, nil
}

type processLease struct {
	run   *run
	inner eventcore.Lease
	epoch int
}

// Token implements [eventcore.Lease].
func (l *processLease) Token() uint64 { return l.inner.Token() }

// Check implements [eventcore.Lease].
func (l *processLease) Check(ctx context.Context) (err error) {
	if l.epoch != l.run.epoch {
		return &eventcore.StoreFailure{Operation: eventcore.OpCheckLease, Err: errLeaseCrashed}
	}
	defer enter(ctx).leave(eventcore.OpCheckLease, &err)
	return l.inner.Check(ctx)
}

// Release implements [eventcore.Lease].
func (l *processLease) Release(ctx context.Context) (err error) {
	if l.epoch != l.run.epoch {
		return nil
	}
	defer enter(ctx).leave(eventcore.OpReleaseLease, &err)
	return l.inner.Release(ctx)
}

// processSnapshots are the snapshots of the store that is open at the time of the call.
type processSnapshots struct{ run *run }

// LoadSnapshot implements [eventcore.SnapshotStore].
func (p *processSnapshots) LoadSnapshot(ctx context.Context, key eventcore.SnapshotKey) (kept eventcore.Snapshot, found bool, err error) {
	defer enter(ctx).leave(eventcore.OpLoadSnapshot, &err)
	return p.run.liveState.Snapshots.LoadSnapshot(ctx, key)
}

// SaveSnapshot implements [eventcore.SnapshotStore].
func (p *processSnapshots) SaveSnapshot(ctx context.Context, key eventcore.SnapshotKey, snapshot eventcore.Snapshot) (saved bool, err error) {
	defer enter(ctx).leave(eventcore.OpSaveSnapshot, &err)
	saved, err = p.run.liveState.Snapshots.SaveSnapshot(ctx, key, snapshot)
	if saved && p.run.kept.snapshot(key, &snapshot) {
		p.run.world.changed()
	}
	return saved, err
}
