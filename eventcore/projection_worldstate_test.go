package eventcore_test

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// worldProjector is the projector of a world.
type worldProjector struct{ *world }

// worldOwner is the projector of a world that keeps its checkpoint.
type worldOwner struct{ *world }

func (w worldOwner) LoadCheckpoint(ctx context.Context) (eventcore.Position, error) {
	w.fenced("loaded", ctx)
	return worldCheckpoints(w).LoadCheckpoint(ctx, eventcore.SubscriptionID{})
}

func (w worldOwner) SkipEvent(ctx context.Context, at eventcore.Position) error {
	w.leading("skipped")
	w.fenced("skipped", ctx)
	fault := w.fault(ctx, "fail", "did")
	if err := failed(ctx, fault); err != nil && fault != "did" {
		return err
	}
	if w.next == len(w.log) || w.log[w.next].Position != at || w.skipped[at] == 0 {
		w.wrong("skipped to %s behind %s, notices of it: %d", at, w.last(), w.skipped[at])
	}
	w.checkpoint = at
	w.pass()
	return failed(ctx, fault)
}

// worldCheckpoints is the checkpoint store of a world.
type worldCheckpoints struct{ *world }

func (w worldCheckpoints) LoadCheckpoint(ctx context.Context, _ eventcore.SubscriptionID) (eventcore.Position, error) {
	if err := failed(ctx, w.fault(ctx, "fail")); err != nil {
		return eventcore.Position{}, err
	}
	w.next, w.began = w.after(w.checkpoint), true
	return w.checkpoint, nil
}

func (w worldCheckpoints) SaveCheckpoint(ctx context.Context, _ eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	w.leading("saved")
	fault := w.fault(ctx, "fail", "did")
	if err := failed(ctx, fault); err != nil && fault != "did" {
		w.unsure = true
		return eventcore.Position{}, err
	}
	if at != w.last() || at.Compare(w.checkpoint) < 0 {
		w.wrong("saved %s at %s, where the checkpoint is %s", at, w.last(), w.checkpoint)
	}
	if _, detached := ctx.Deadline(); detached {
		w.reached["detached save"]++
	}
	w.checkpoint, w.unsure = at, fault == "did"
	return at, failed(ctx, fault)
}

// worldCoordinator is the coordinator of a world, worldLease its lease.
type (
	worldCoordinator struct{ *world }
	worldLease       struct {
		*world
		token uint64
	}
)

func (w worldCoordinator) TryAcquire(ctx context.Context, _ eventcore.SubscriptionID) (eventcore.Lease, error) {
	if w.held {
		w.wrong("acquired a second lease")
	}
	fault := w.fault(ctx, "fail", "lost")
	if fault == "lost" {
		return nil, &eventcore.StoreFailure{Operation: eventcore.OpAcquire, Err: eventcore.ErrLeaseHeld}
	}
	if err := failed(ctx, fault); err != nil {
		return nil, err
	}
	if w.lost {
		w.reached["new term"]++
	}
	w.held, w.lost = true, false
	w.token++
	return worldLease{w.world, w.token}, nil
}

func (l worldLease) Token() uint64 { return l.token }

func (l worldLease) Check(ctx context.Context) error {
	switch fault := l.fault(ctx, "fail", "lost"); fault {
	case "lost":
		l.lost, l.unsure = true, true
		return &eventcore.StoreFailure{Operation: eventcore.OpCheckLease, Err: eventcore.ErrLeaseLost}
	default:
		err := failed(ctx, fault)
		l.unsure = l.unsure || err != nil
		return err
	}
}

func (l worldLease) Release(context.Context) error {
	if !l.held && l.fired["crash"] == 0 {
		l.wrong("released a second time")
	}
	l.held = false
	return nil
}
