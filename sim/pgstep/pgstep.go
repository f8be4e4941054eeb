// Package pgstep lets the simulator switch tasks between the SQL statements of a backend
// that uses pgx, without a change to its code:
//
//	steps, err := pgstep.Open(ctx, dsn)
//	defer steps.Close()
//	cfg, err := pgxpool.ParseConfig(dsn)
//	cfg.ConnConfig.Tracer = steps
//	cfg.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
//	pool, err := pgxpool.NewWithConfig(ctx, cfg)
//
// The last line is for runs in which sessions end: the pool tries a connection before it
// gives it out if that was idle for a second of real time, which is not up to the seed.
//
// Before each statement, pipelined batch of statements, or CopyFrom, the task that sends it is
// parked, so that others may send theirs. A statement that waits in the server for a lock
// which the transaction of a parked task holds is recognised, by pg_blocking_pids on a
// connection of this package's own, and other tasks go on until it is given the lock.
// PostgreSQL's own isolation tester works in the same way (src/test/isolation in its
// sources). The backend must be declared as one that blocks, and whose requests can be made
// to fail: see Backend.Blocks and Backend.NetworkFaults of package sim.
//
// The network is part of it: the connection is cut before a request, with it on its way, or
// once the server has carried it out and before or in the middle of the answer; requests
// are late; connections are half open, which a timeout in virtual time finds, or cannot be
// made; the server ends a session. See chaos.RequestKinds. The seed's fault plan says which
// request of which client; the backend is told nothing.
//
// So a seed decides the order of all statements, who meets which lock, and who is the
// victim of a deadlock: the one whose statement closes the circle. For the latter the
// role must be allowed to set deadlock_timeout, as a superuser is; else a deadlock takes
// as long as the server's setting says and any of its members may be the victim.
package pgstep

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Steps is a tracer for connections of pgx. It may be used by any number of pools and
// runs at the same time; outside a simulated run it does nothing.
type Steps struct {
	control *pgxpool.Pool
	// deadlocks: the role may set deadlock_timeout.
	deadlocks bool
	closed    atomic.Bool
	// spare are the processes of sessions that have ended; see Recycle.
	spare spare

	mu sync.Mutex
	// sessions has the connections by the server's process ID.
	sessions map[uint32]*session
	// pools counts the connections of each pool that are taken.
	pools map[*pgxpool.Pool]int
}

const (
	// deadlockTimeout is the time after which the server looks for a deadlock, its least.
	deadlockTimeout = time.Millisecond
	// deadlockPassed is the time after which it has looked and found none.
	deadlockPassed = 4 * time.Millisecond
)

// Open connects to the server to watch it. The caller closes the result after all that
// uses it.
func Open(ctx context.Context, dsn string) (*Steps, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("pgstep: %w", err)
	}
	control, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), cfg)
	if err != nil {
		return nil, fmt.Errorf("pgstep: %w", err)
	}
	s := &Steps{control: control, sessions: make(map[uint32]*session), pools: make(map[*pgxpool.Pool]int)}
	err = control.QueryRow(ctx, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").Scan(&s.deadlocks)
	if err != nil {
		control.Close()
		return nil, fmt.Errorf("pgstep: %w", err)
	}
	return s, nil
}

// Close closes the connections of its own.
func (s *Steps) Close() {
	s.closed.Store(true)
	s.spare.close()
	s.control.Close()
}

var (
	_ pgx.QueryTracer    = (*Steps)(nil)
	_ pgx.BatchTracer    = (*Steps)(nil)
	_ pgx.CopyFromTracer = (*Steps)(nil)
	_ pgx.PrepareTracer  = (*Steps)(nil)
	_ pgx.ConnectTracer  = (*Steps)(nil)
)
