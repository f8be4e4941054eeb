package pgstep

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

var (
	_ pgxpool.AcquireTracer = (*Steps)(nil)
	_ pgxpool.ReleaseTracer = (*Steps)(nil)
)

// TraceAcquireStart implements [pgxpool.AcquireTracer]. A task waits in the scheduler for
// a connection, where parked tasks have them all: in the pool it would wait for ever.
func (s *Steps) TraceAcquireStart(ctx context.Context, pool *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	noMore(ctx)
	free := func() bool { return s.taken(pool, 0) < int(pool.Stat().MaxConns()) }
	task, ok := yield.From(ctx).(yield.BlockingTask)
	if !ok || task.Stopping() {
		return ctx
	}
	if !free() {
		task.Wait("pgxpool: every connection is taken", free)
	}
	fault := refusal(ctx)
	if fault != nil {
		// Whether the pool has one to spare depends on other runs, and is not up to the seed.
		pool.Reset()
	}
	return context.WithValue(ctx, pooledKey{}, fault)
}

// TraceAcquireEnd implements [pgxpool.AcquireTracer].
func (s *Steps) TraceAcquireEnd(_ context.Context, pool *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	if data.Err == nil {
		s.taken(pool, 1)
	}
}

// TraceRelease implements [pgxpool.ReleaseTracer]. The pool closes in the background what it
// cannot use again, and what the session held would be free at a time that is not up to the seed.
func (s *Steps) TraceRelease(pool *pgxpool.Pool, data pgxpool.TraceReleaseData) {
	if conn := data.Conn.PgConn(); conn.IsClosed() || conn.IsBusy() || conn.TxStatus() != 'I' {
		retire(data.Conn)
	}
	s.taken(pool, -1)
}

// taken changes how many connections of a pool are taken, and returns how many. The pool's
// own count goes down some time after a connection that is dead was given back.
func (s *Steps) taken(pool *pgxpool.Pool, change int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pools[pool] += change
	now := s.pools[pool]
	if now == 0 {
		delete(s.pools, pool)
	}
	return now
}
