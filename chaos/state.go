package chaos

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// strikes begins a call that is neither an append nor a read, and returns what it is to suffer,
// nil for nothing.
func (c *client) strikes(op eventcore.Operation) *strike {
	if c.idle() {
		return nil
	}
	begun := c.begin(op, 0)
	return begun.choose()
}

// state makes such a call.
func (s *strike) state(ctx context.Context, call func(ctx context.Context) error) error {
	return s.call.client.in.behaviours[s.fault.Kind].state(ctx, s, call)
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
	s := c.client.strikes(eventcore.OpLoadCheckpoint)
	if s == nil {
		return c.inner.LoadCheckpoint(ctx, id)
	}
	var at eventcore.Position
	err := s.state(ctx, func(ctx context.Context) (err error) {
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
	s := c.client.strikes(eventcore.OpSaveCheckpoint)
	if s == nil {
		return c.inner.SaveCheckpoint(ctx, id, at)
	}
	var now eventcore.Position
	err := s.state(ctx, func(ctx context.Context) (err error) {
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
	s := c.client.strikes(eventcore.OpAcquire)
	if s == nil {
		given, err := c.inner.TryAcquire(ctx, id)
		if err != nil {
			return nil, err
		}
		return &lease{c.client, given}, nil
	}
	var given eventcore.Lease
	err := s.state(ctx, func(ctx context.Context) (err error) {
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
	if s := l.client.strikes(eventcore.OpCheckLease); s != nil {
		return s.state(ctx, l.inner.Check)
	}
	return l.inner.Check(ctx)
}

// Release implements [eventcore.Lease].
func (l *lease) Release(ctx context.Context) error {
	if s := l.client.strikes(eventcore.OpReleaseLease); s != nil {
		return s.state(ctx, l.inner.Release)
	}
	return l.inner.Release(ctx)
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
	hit := s.client.strikes(eventcore.OpLoadSnapshot)
	if hit == nil {
		return s.inner.LoadSnapshot(ctx, key)
	}
	var kept eventcore.Snapshot
	var found bool
	err := hit.state(ctx, func(ctx context.Context) (err error) {
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
	hit := s.client.strikes(eventcore.OpSaveSnapshot)
	if hit == nil {
		return s.inner.SaveSnapshot(ctx, key, snapshot)
	}
	var saved bool
	err := hit.state(ctx, func(ctx context.Context) (err error) {
		saved, err = s.inner.SaveSnapshot(ctx, key, snapshot)
		return err
	})
	return saved && err == nil, err
}
