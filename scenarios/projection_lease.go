package scenarios

import (
	"context"
	"errors"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/lapse"
)

// errDead is what a dead process gets from its calls.
var errDead = errors.New("scenarios: the process is dead")

// spyCoordinator notes who leads when.
type spyCoordinator struct {
	*projection
	inner eventcore.Coordinator
}

// TryAcquire implements [eventcore.Coordinator].
func (s *spyCoordinator) TryAcquire(ctx context.Context, id eventcore.SubscriptionID) (eventcore.Lease, error) {
	s.act(ctx)
	act := s.calls(ProjectionAct{Kind: ActAcquired})
	inner, err := s.inner.TryAcquire(ctx, id)
	s.returned(act, err)
	if err != nil {
		return nil, err
	}
	lease := &spyLease{projection: s.projection, inner: inner, number: len(s.leases) + 1}
	s.leases = append(s.leases, lease)
	act.Lease, act.Token = lease.number, inner.Token()
	s.act(ctx)
	return lease, nil
}

// spyLease is a lease of a projection.
type spyLease struct {
	*projection
	inner  eventcore.Lease
	number int
	// over: it is known to have ended.
	over bool
}

// Token implements [eventcore.Lease].
func (l *spyLease) Token() uint64 { return l.inner.Token() }

// Check implements [eventcore.Lease].
func (l *spyLease) Check(ctx context.Context) error {
	l.act(ctx)
	act := l.calls(ProjectionAct{Kind: ActChecked, Lease: l.number, Token: l.Token()})
	err := l.inner.Check(ctx)
	l.returned(act, err)
	l.act(ctx)
	return err
}

// Release implements [eventcore.Lease]. The dead release nothing.
func (l *spyLease) Release(ctx context.Context) error {
	if l.dead {
		return errDead
	}
	return l.release(ctx, ActReleased)
}

func (l *spyLease) release(ctx context.Context, kind ActKind) error {
	act := l.calls(ProjectionAct{Kind: kind, Lease: l.number, Token: l.Token()})
	err := l.inner.Release(ctx)
	l.over = l.over || err == nil
	l.returned(act, err)
	return err
}

// lose ends the lease behind the back of its holder, as a server does that loses the
// connection.
func (p *projection) lose(ctx context.Context) {
	if n := len(p.leases); n > 0 && !p.leases[n-1].over {
		p.end(ctx, p.leases[n-1], ActLost)
	}
}

// endLeases ends the leases whose holder is gone, after a while.
func (p *projection) endLeases(ctx context.Context) {
	for _, lease := range p.leases {
		if lease.over {
			continue
		}
		// The sleep fails only with its context, and so will what follows.
		_ = p.client.Clock.Sleep(ctx, time.Duration(p.client.Random.Int64N(int64(leaseDelay))))
		p.end(ctx, lease, ActReleased)
	}
}

// end tries until the lease is given up. What fails under faults comes to an end with
// them.
func (p *projection) end(ctx context.Context, lease *spyLease, kind ActKind) {
	for ctx.Err() == nil && lease.release(lapse.Mark(ctx), kind) != nil {
		_ = p.client.Clock.Sleep(ctx, projectionDelay)
	}
}
