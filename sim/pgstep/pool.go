package pgstep

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

var _ pgxpool.AcquireTracer = (*Steps)(nil)

// TraceAcquireStart implements [pgxpool.AcquireTracer]. A task waits in the scheduler for
// a connection, where parked tasks have them all: in the pool it would wait for ever.
func (s *Steps) TraceAcquireStart(ctx context.Context, pool *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	free := func() bool { return pool.Stat().AcquiredConns() < pool.Stat().MaxConns() }
	if task, ok := yield.From(ctx).(yield.BlockingTask); ok && !task.Stopping() && !free() {
		task.Wait("pgxpool: every connection is taken", free)
	}
	return ctx
}

// TraceAcquireEnd implements [pgxpool.AcquireTracer].
func (*Steps) TraceAcquireEnd(context.Context, *pgxpool.Pool, pgxpool.TraceAcquireEndData) {}
