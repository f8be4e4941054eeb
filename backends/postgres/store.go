// Package postgres is an event store in a PostgreSQL database.
//
// Any number of stores, in one process or in several, may work on the same tables.
//
// # The global order
//
// An append of events first locks the one row of eventcore_head, in the same round trip
// as all that follows, and keeps it until its commit is visible. So appends take turns,
// versions are checked against all that was committed before, and positions become
// visible in their order, without gaps: a reader that has seen a position has seen all
// before it. Positions from a sequence would not do: a transaction may take 1, another 2
// and commit, and a reader whose cursor has passed 2 never sees 1. Nor would it do to
// hide what lies behind the oldest running transaction, as stores that order by
// transaction ID must: an append that was acknowledged would stay unseen for as long as
// some other transaction of the server runs.
//
// This one lock stands for those of all participants: no append waits for a lock while
// it holds another, so appends cannot deadlock, and a participant that is only read, or
// has no events yet, cannot move between check and commit. An append without events
// takes no lock: its one statement sees one moment.
//
// The price is that commits do not overlap. They would wait for each other all the same
// wherever a gapless order is given out before the commit. So that they do not wait one
// by one, appends of one store that come while others are under way are sent together, and
// share one transaction, one round trip and one wait for the disk ([Config.MaxGroup]). Each is
// done or refused by itself: one that conflicts, or that the server refuses, leaves the
// others as they are. What they share is a lost connection, which leaves all of them unknown. So
// does a context that ends, where the pool of [New] cuts the connection then.
//
// # Reading
//
// A sequence of events is fetched page by page, and nothing is held while the loop over
// it runs: no connection, no transaction, no snapshot that keeps the server from
// cleaning up. It is a snapshot of one moment all the same: events never change, which
// triggers enforce, and are only ever added at the end; so what a reader has to remember
// of the moment is the last version or position there was. A query that stays open for
// as long as the loop runs would take a connection for each half-read sequence, and a
// loop that appends, or reads another stream, could wait for ever for one more.
//
// # Other servers
//
// All statements but those that migrate are plain SQL. See docs/postgres.md for what
// engines that speak PostgreSQL's protocol need.
package postgres

import (
	"errors"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
)

// ErrClosed is what errors.Is finds in the failures of a store that was closed.
var ErrClosed = errors.New("postgres: the store is closed")

// Store is an event store in a PostgreSQL database. It implements [eventcore.Store],
// [eventcore.AllReader], [eventcore.CheckpointStore], [eventcore.Coordinator] and
// [eventcore.SnapshotStore]. It is safe for concurrent use.
type Store struct {
	cfg  Config
	pool *pgxpool.Pool
	// owned: the pool was made by this package.
	owned bool
	// groups has the appends that are committed together.
	groups *groupcommit.Queue[*pending]
	// leases are those that this store holds.
	leases leases
	closed atomic.Bool
}

// Close gives up the leases and frees what the store holds, once the appends and the
// fetches of pages that are under way have ended. Sequences that are still iterated, and all later calls, fail
// with [ErrClosed]. A pool that was handed to [New] stays open. Close may be called more
// than once.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.groups.Close(ErrClosed)
	err := s.leases.close()
	if s.owned {
		s.pool.Close()
	}
	return err
}
