package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const (
	// findKey makes the number that is locked out of the subscription and the table, so that
	// stores in other schemas have others. Two that have the same by chance, one pair in
	// 2^64, cannot lead at the same time.
	findKey = "SELECT hashtextextended($1, 'eventcore_leases'::regclass::oid::bigint)"
	tryLock = "SELECT pg_try_advisory_lock($1)"
	unlock  = "SELECT pg_advisory_unlock($1)"
	// isLocked asks whether this very session holds the lock.
	isLocked = `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
AND objsubid = 1 AND (classid::bigint << 32 | objid::bigint) = $1::bigint)`
	nextToken = `INSERT INTO eventcore_leases AS l (subscription, token) VALUES ($1, 1)
ON CONFLICT (subscription) DO UPDATE SET token = l.token + 1 RETURNING token`
)

// TryAcquire implements [eventcore.Coordinator].
//
// The lease is an advisory lock of a session of its own: each one keeps a connection,
// made as those of the pool are but not one of them. The lease ends with the connection,
// also when the server ends that, as idle_session_timeout does. What stands in between
// must keep the session: of PgBouncer's modes that is session pooling, not transaction
// pooling. A server that only pretends to lock, as some engines do that speak PostgreSQL's
// protocol, is found out and refused.
//
// Where the holder's machine vanishes without a word, the server keeps the lock until it
// takes the connection for dead; tcp_keepalives_idle in the connection string sets
// after how many seconds it begins to ask.
//
// The token is counted over the same connection once the lock is held. Where
// synchronous_commit is off, a crash of the server may take back the last tokens, so
// that they are given again.
func (s *Store) TryAcquire(ctx context.Context, subscription eventcore.SubscriptionID) (eventcore.Lease, error) {
	made, err := s.tryAcquire(ctx, subscription)
	if err != nil {
		return nil, notDone(eventcore.OpAcquire, because(ctx, err))
	}
	return made, nil
}

func (s *Store) tryAcquire(ctx context.Context, subscription eventcore.SubscriptionID) (*lease, error) {
	if err := refuses(ctx, subscription); err != nil {
		return nil, err
	}
	if s.closed.Load() {
		return nil, ErrClosed
	}
	conn, err := s.connectLease(ctx)
	if err != nil {
		return nil, err
	}
	made := &lease{store: s, conn: conn, turn: make(chan struct{}, 1)}
	err = made.lock(ctx, subscription)
	if err == nil {
		err = s.leases.add(made)
	}
	if err != nil {
		_ = made.end(ctx)
		return nil, err
	}
	return made, nil
}

// lock takes the lock and counts the token.
func (l *lease) lock(ctx context.Context, subscription eventcore.SubscriptionID) error {
	if err := l.conn.QueryRow(ctx, findKey, subscription.String()).Scan(&l.key); err != nil {
		return err
	}
	if err := l.conn.QueryRow(ctx, tryLock, l.key).Scan(&l.given); err != nil {
		return err
	}
	if !l.given {
		return eventcore.ErrLeaseHeld
	}
	err := again(ctx, func() error { return l.conn.QueryRow(ctx, nextToken, subscription.String()).Scan(&l.token) })
	if err != nil {
		return err
	}
	if err := l.ask(ctx); errors.Is(err, eventcore.ErrLeaseLost) {
		return errors.New("the server says that it has given the lock, but does not hold it: use PostgreSQL itself, or session pooling in front of it")
	} else if err != nil {
		return err
	}
	return nil
}

// ask asks the server whether it still holds the lock for this session.
func (l *lease) ask(ctx context.Context) error {
	var held bool
	err := l.conn.QueryRow(ctx, isLocked, l.key).Scan(&held)
	switch {
	case err != nil && l.conn.IsClosed():
		// The server has ended the session or will, as soon as it takes notice.
		return fmt.Errorf("%w: its connection is lost: %w", eventcore.ErrLeaseLost, err)
	case err != nil:
		return err
	case !held:
		return fmt.Errorf("%w: the server does not hold the lock for this session any more", eventcore.ErrLeaseLost)
	default:
		return nil
	}
}
