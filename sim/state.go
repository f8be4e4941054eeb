package sim

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// clientState stacks what lies between a client and what the store keeps besides events,
// as clientStore does for events.
func (r *run) clientState(t *task, faults bool) scenarios.State {
	var s scenarios.State
	if r.liveState.Checkpoints != nil {
		var c eventcore.CheckpointStore = &processCheckpoints{r}
		if faults {
			c = r.injector.WrapCheckpoints(t.id, c)
		}
		s.Checkpoints = &taskCheckpoints{t, c}
	}
	if r.liveState.Coordinator != nil {
		var c eventcore.Coordinator = &processCoordinator{r}
		if faults {
			c = r.injector.WrapCoordinator(t.id, c)
		}
		s.Coordinator = &taskCoordinator{t, c}
	}
	if r.liveState.Snapshots != nil {
		var c eventcore.SnapshotStore = &processSnapshots{r}
		if faults {
			c = r.injector.WrapSnapshots(t.id, c)
		}
		s.Snapshots = &taskSnapshots{t, c}
	}
	return s
}

// clientBug returns the bug of the projections of clients.
func (r *run) clientBug() scenarios.Bug {
	m := r.cfg.Mutant
	if m == nil || m.Layer != mutant.Client {
		return scenarios.Bug{}
	}
	return scenarios.Bug{Apply: m.Apply, Notice: m.Notice}
}

// call parks the task at the start and the end of a call and notes in the trace what came
// of it.
func (t *task) call(op eventcore.Operation, do func() (result uint64, err error)) {
	t.world.called()
	t.did.Calls = true
	t.Yield(string(op))
	result, err := do()
	if err != nil {
		result = digestError(err)
	}
	t.note(chain(4, result))
	t.Yield(string(op) + returns)
	t.did.Returns = true
}

func digestPosition(at eventcore.Position) uint64 {
	hi, lo := at.Parts()
	return chain(chain(5, hi), lo)
}

type taskCheckpoints struct {
	task  *task
	inner eventcore.CheckpointStore
}

// LoadCheckpoint implements [eventcore.CheckpointStore].
func (c *taskCheckpoints) LoadCheckpoint(ctx context.Context, id eventcore.SubscriptionID) (at eventcore.Position, err error) {
	c.task.call(eventcore.OpLoadCheckpoint, func() (uint64, error) {
		at, err = c.inner.LoadCheckpoint(ctx, id)
		return digestPosition(at), err
	})
	return at, err
}

// SaveCheckpoint implements [eventcore.CheckpointStore].
func (c *taskCheckpoints) SaveCheckpoint(ctx context.Context, id eventcore.SubscriptionID, at eventcore.Position) (now eventcore.Position, err error) {
	c.task.call(eventcore.OpSaveCheckpoint, func() (uint64, error) {
		now, err = c.inner.SaveCheckpoint(ctx, id, at)
		return digestPosition(now), err
	})
	return now, err
}

type taskCoordinator struct {
	task  *task
	inner eventcore.Coordinator
}

// TryAcquire implements [eventcore.Coordinator].
func (c *taskCoordinator) TryAcquire(ctx context.Context, id eventcore.SubscriptionID) (lease eventcore.Lease, err error) {
	c.task.call(eventcore.OpAcquire, func() (uint64, error) {
		lease, err = c.inner.TryAcquire(ctx, id)
		if err != nil {
			return 0, err
		}
		return lease.Token(), nil
	})
	if err != nil {
		return nil, err
	}
	return &taskLease{c.task, lease}, nil
}

type taskLease struct {
	task  *task
	inner eventcore.Lease
}

// Token implements [eventcore.Lease].
func (l *taskLease) Token() uint64 { return l.inner.Token() }

// Check implements [eventcore.Lease].
func (l *taskLease) Check(ctx context.Context) (err error) {
	l.task.call(eventcore.OpCheckLease, func() (uint64, error) {
		err = l.inner.Check(ctx)
		return 0, err
	})
	return err
}

// Release implements [eventcore.Lease].
func (l *taskLease) Release(ctx context.Context) (err error) {
	l.task.call(eventcore.OpReleaseLease, func() (uint64, error) {
		err = l.inner.Release(ctx)
		return 0, err
	})
	return err
}

type taskSnapshots struct {
	task  *task
	inner eventcore.SnapshotStore
}

// LoadSnapshot implements [eventcore.SnapshotStore].
func (s *taskSnapshots) LoadSnapshot(ctx context.Context, key eventcore.SnapshotKey) (kept eventcore.Snapshot, found bool, err error) {
	s.task.call(eventcore.OpLoadSnapshot, func() (uint64, error) {
		kept, found, err = s.inner.LoadSnapshot(ctx, key)
		return digestSnapshot(&kept), err
	})
	return kept, found, err
}

// SaveSnapshot implements [eventcore.SnapshotStore].
func (s *taskSnapshots) SaveSnapshot(ctx context.Context, key eventcore.SnapshotKey, snapshot eventcore.Snapshot) (saved bool, err error) {
	s.task.call(eventcore.OpSaveSnapshot, func() (uint64, error) {
		saved, err = s.inner.SaveSnapshot(ctx, key, snapshot)
		if saved {
			return digestSnapshot(&snapshot), err
		}
		return 0, err
	})
	return saved, err
}

func digestSnapshot(s *eventcore.Snapshot) uint64 {
	h := digest(string(s.State))
	for _, at := range s.Streams {
		h = chain(chain(h, digest(at.Stream.String())), uint64(at.Version))
	}
	return h
}
