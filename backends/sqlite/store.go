// Package sqlite is an event store in a SQLite database: one file, no server.
//
// Any number of stores, in one process or in several, may work on the same file.
// Transactions take turns; each begins with the write lock, so positions count from 1
// without gaps in the order of the commits. Readers neither block a writer nor wait for one.
// Appends of one store that come while others are under way share a transaction and its wait
// for the disk ([Config.MaxGroup]); each is done or refused by itself.
//
// A sequence of events is fetched page by page, and nothing is held while the loop
// over it runs: no lock, no transaction, no connection. It is a snapshot of one moment
// all the same. Events never change, which triggers in the database enforce, and are
// only ever added at the end; so what a reader has to remember of the moment is the
// last version or position there was. A read transaction held open instead would take
// a connection for each half-read sequence, and would keep SQLite from reusing its log
// for as long as the slowest consumer runs.
package sqlite

import (
	"database/sql"
	"sync"

	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
)

// Store is an event store in a SQLite database. It implements [eventcore.Store],
// [eventcore.AllReader], [eventcore.CheckpointStore], [eventcore.Coordinator] and
// [eventcore.SnapshotStore]. It is safe for concurrent use.
type Store struct {
	cfg Config
	db  *sql.DB
	// owned: db was opened by this package.
	owned bool
	// memory: the database is gone with the connection.
	memory bool

	// groups has the appends that are committed together.
	groups *groupcommit.Queue[*pending]
	writer *pool // of one session
	// doubted: the last commit failed in the middle, and what it has left in the log must not be
	// built upon. Who has the writer may look.
	doubted bool
	// readers is the same pool as writer where there is one connection for everything.
	readers *pool
	// leases are those that this store holds.
	leases leases

	closing sync.Once
	closed  error
}

// Close gives up the leases, waits for the appends and the fetches of pages that are
// under way, then frees all that the store holds. Sequences that are still iterated, and
// all later calls, fail with [ErrClosed]. A database that was handed to [New] stays open.
// Close may be called more than once; it returns the same each time.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.closed = s.release()
	})
	return s.closed
}

func (s *Store) release() error {
	s.groups.Close(ErrClosed)
	err := s.leases.close()
	if failed := s.writer.close(); err == nil {
		err = failed
	}
	if s.readers != s.writer {
		if failed := s.readers.close(); err == nil {
			err = failed
		}
	}
	if s.owned {
		if failed := s.db.Close(); err == nil {
			err = failed
		}
	}
	return err
}
