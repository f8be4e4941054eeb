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

// begin parks the task at the start of a call of what the store keeps besides events.
func (t *task) begin(op eventcore.Operation) {
	t.world.called()
	t.did.Calls = true
	t.Yield(string(op))
}

// end notes in the trace what came of the call, and parks the task at its end.
func (t *task) end(op eventcore.Operation, result uint64, err error) {
	if err != nil {
		result = digestError(err)
	}
	t.note(chain(4, result))
	t.Yield(t.world.returned(op))
	t.did.Returns = true
}

// returned names the yield point at the end of a call, once in a run.
func (w *world) returned(op eventcore.Operation) string {
	name, named := w.returns[op]
	if !named {
		name = string(op) + returns
		if w.returns == nil {
			w.returns = make(map[eventcore.Operation]string)
		}
		w.returns[op] = name
	}
	return name
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
func (c *taskCheckpoints) LoadCheckpoint(ctx context.Context, id eventcore.SubscriptionID) (eventcore.Position, error) {
	c.task.begin(eventcore.OpLoadCheckpoint)
	at, err := c.inner.LoadCheckpoint(ctx, id)
	c.task.end(eventcore.OpLoadCheckpoint, digestPosition(at), err)
	return at, err
}

// SaveCheckpoint implements [eventcore.CheckpointStore].
func (c *taskCheckpoints) SaveCheckpoint(ctx context.Context, id eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	c.task.begin(eventcore.OpSaveCheckpoint)
	now, err := c.inner.SaveCheckpoint(ctx, id, at)
	c.task.end(eventcore.OpSaveCheckpoint, digestPosition(now), err)
	return now, err
}

type taskCoordinator struct {
	task  *task
	inner eventcore.Coordinator
}

// TryAcquire implements [eventcore.Coordinator].
func (c *taskCoordinator) TryAcquire(ctx context.Context, id eventcore.SubscriptionID) (eventcore.Lease, error) {
	c.task.begin(eventcore.OpAcquire)
	lease, err := c.inner.TryAcquire(ctx, id)
	if err != nil {
		c.task.end(eventcore.OpAcquire, 0, err)
		return nil, err
	}
	c.task.end(eventcore.OpAcquire, lease.Token(), nil)
	return &taskLease{c.task, lease}, nil
}

type taskLease struct {
	task  *task
	inner eventcore.Lease
}

// Token implements [eventcore.Lease].
func (l *taskLease) Token() uint64 { return l.inner.Token() }

// Check implements [eventcore.Lease].
func (l *taskLease) Check(ctx context.Context) error {
	l.task.begin(eventcore.OpCheckLease)
	err := l.inner.Check(ctx)
	l.task.end(eventcore.OpCheckLease, 0, err)
	return err
}

// Release implements [eventcore.Lease].
func (l *taskLease) Release(ctx context.Context) error {
	l.task.begin(eventcore.OpReleaseLease)
	err := l.inner.Release(ctx)
	l.task.end(eventcore.OpReleaseLease, 0, err)
	return err
}

type taskSnapshots struct {
	task  *task
	inner eventcore.SnapshotStore
}

// LoadSnapshot implements [eventcore.SnapshotStore].
func (s *taskSnapshots) LoadSnapshot(ctx context.Context, key eventcore.SnapshotKey) (eventcore.Snapshot, bool, error) {
	s.task.begin(eventcore.OpLoadSnapshot)
	kept, found, err := s.inner.LoadSnapshot(ctx, key)
	s.task.end(eventcore.OpLoadSnapshot, digestSnapshot(&kept), err)
	return kept, found, err
}

// SaveSnapshot implements [eventcore.SnapshotStore].
func (s *taskSnapshots) SaveSnapshot(ctx context.Context, key eventcore.SnapshotKey, snapshot eventcore.Snapshot) (bool, error) {
	s.task.begin(eventcore.OpSaveSnapshot)
	saved, err := s.inner.SaveSnapshot(ctx, key, snapshot)
	result := uint64(0)
	if saved {
		result = digestSnapshot(&snapshot)
	}
	s.task.end(eventcore.OpSaveSnapshot, result, err)
	return saved, err
}

func digestSnapshot(s *eventcore.Snapshot) uint64 {
	h := digest(string(s.State))
	for _, at := range s.Streams {
		h = chain(chain(h, digest(at.Stream.String())), uint64(at.Version))
	}
	return h
}
