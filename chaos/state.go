package chaos

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// do makes a call that is neither an append nor a read, with the fault that it is to
// suffer.
func (c *client) do(ctx context.Context, op eventcore.Operation, call func(ctx context.Context) error) error {
	if c.idle() {
		return call(ctx)
	}
	begun := c.begin(op, 0)
	s := begun.choose()
	if s == nil {
		return call(ctx)
	}
	return c.in.behaviours[s.fault.Kind].state(ctx, s, call)
}

// WrapCheckpoints returns the checkpoints as that client sees them. Calls are counted
// together with those of the client's store; see [Injector.Wrap].
func (in *Injector) WrapCheckpoints(id int, inner eventcore.CheckpointStore) eventcore.CheckpointStore {
	return &checkpoints{in.client(id), inner}
}

type checkpoints struct {
	client *client
	inner  eventcore.CheckpointStore
}

// LoadCheckpoint implements [eventcore.CheckpointStore].
func (c *checkpoints) LoadCheckpoint(ctx context.Context, id eventcore.SubscriptionID) (eventcore.Position, error) {
	var at eventcore.Position
	err := c.client.do(ctx, eventcore.OpLoadCheckpoint, func(ctx context.Context) (err error) {
		at, err = c.inner.LoadCheckpoint(ctx, id)
		return err
	})
	if err != nil {
		return eventcore.Position{}, err
	}
	return at, nil
}

// SaveCheckpoint implements [eventcore.CheckpointStore].
func (c *checkpoints) SaveCheckpoint(ctx context.Context, id eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	var now eventcore.Position
	err := c.client.do(ctx, eventcore.OpSaveCheckpoint, func(ctx context.Context) (err error) {
		now, err = c.inner.SaveCheckpoint(ctx, id, at)
		return err
	})
	if err != nil {
		return eventcore.Position{}, err
	}
	return now, nil
}

// WrapCoordinator returns the coordinator as that client sees it, and its leases. A lease
// whose answer was lost ends at once, as with the connection that it was given over.
func (in *Injector) WrapCoordinator(id int, inner eventcore.Coordinator) eventcore.Coordinator {
	return &coordinator{in.client(id), inner}
}

type coordinator struct {
	client *client
	inner  eventcore.Coordinator
}

// TryAcquire implements [eventcore.Coordinator].
func (c *coordinator) TryAcquire(ctx context.Context, id eventcore.SubscriptionID) (eventcore.Lease, error) {
	var given eventcore.Lease
	err := c.client.do(ctx, eventcore.OpAcquire, func(ctx context.Context) (err error) {
		given, err = c.inner.TryAcquire(ctx, id)
		return err
	})
	if err == nil {
		return &lease{c.client, given}, nil
	}
	if given != nil {
		// What it returns changes nothing: the caller knows of no lease.
		_ = given.Release(context.WithoutCancel(ctx))
	}
	return nil, err
}

type lease struct {
	client *client
	inner  eventcore.Lease
}

// Token implements [eventcore.Lease].
func (l *lease) Token() uint64 { return l.inner.Token() }

// Check implements [eventcore.Lease].
func (l *lease) Check(ctx context.Context) error {
	return l.client.do(ctx, eventcore.OpCheckLease, l.inner.Check)
}

// Release implements [eventcore.Lease].
func (l *lease) Release(ctx context.Context) error {
	return l.client.do(ctx, eventcore.OpReleaseLease, l.inner.Release)
}

// WrapSnapshots returns the snapshots as that client sees them.
func (in *Injector) WrapSnapshots(id int, inner eventcore.SnapshotStore) eventcore.SnapshotStore {
	return &snapshots{in.client(id), inner}
}

type snapshots struct {
	client *client
	inner  eventcore.SnapshotStore
}

// LoadSnapshot implements [eventcore.SnapshotStore].
func (s *snapshots) LoadSnapshot(ctx context.Context, key eventcore.SnapshotKey) (eventcore.Snapshot, bool, error) {
	var kept eventcore.Snapshot
	var found bool
	err := s.client.do(ctx, eventcore.OpLoadSnapshot, func(ctx context.Context) (err error) {
		kept, found, err = s.inner.LoadSnapshot(ctx, key)
		return err
	})
	if err != nil {
		return eventcore.Snapshot{}, false, err
	}
	return kept, found, nil
}

// SaveSnapshot implements [eventcore.SnapshotStore].
func (s *snapshots) SaveSnapshot(ctx context.Context, key eventcore.SnapshotKey, snapshot eventcore.Snapshot) (bool, error) {
	var saved bool
	err := s.client.do(ctx, eventcore.OpSaveSnapshot, func(ctx context.Context) (err error) {
		saved, err = s.inner.SaveSnapshot(ctx, key, snapshot)
		return err
	})
	return saved && err == nil, err
}
