// Package sqliteruns opens SQLite stores on the disk of a simulated run: with a file, its
// write-ahead log, one connection that writes and several that read.
package sqliteruns

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	// The driver.
	_ "modernc.org/sqlite"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/sqlitevfs"
)

// Database is the name of the database on the disk.
const Database = "events.db"

// readers is how many connections read where a run does not say how many there are in all.
// The usual number of a store depends on the machine.
const readers = 4

// Backend returns the backend for simulated runs. What is acknowledged with
// [sqlite.SynchronousFull] is durable; with less, the machine must not crash.
func Backend(synchronous sqlite.Synchronous) sim.Backend {
	return sim.Backend{
		Name: "sqlite", Durable: true, Abandon: abandon,
		Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			return Open(ctx, env, synchronous)
		},
	}
}

// Store is a store on the disk of a run. It has all that a [sqlite.Store] has.
type Store struct {
	*sqlite.Store
	db *sql.DB
	fs *sqlitevfs.VFS
}

// Open opens the store that is on the disk, or makes it.
func Open(ctx context.Context, env sim.Env, synchronous sqlite.Synchronous) (*Store, error) {
	files := env.Disk.FS()
	fs, err := sqlitevfs.New(sqlitevfs.Config{
		Files: files, Point: env.Point, Random: env.Random, Now: env.Clock.Now, Sleep: env.Sleep,
	})
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", fs.DSN(Database))
	if err != nil {
		return nil, errors.Join(err, fs.Close())
	}
	cfg := sqlite.Config{Clock: env.Clock, Synchronous: synchronous, Readers: readers, Files: files}
	if env.Connections > 0 {
		db.SetMaxOpenConns(env.Connections)
		cfg.Readers = env.Connections
	}
	store, err := sqlite.New(ctx, db, cfg)
	if err != nil {
		return nil, errors.Join(err, db.Close(), fs.Close())
	}
	return &Store{store, db, fs}, nil
}

// Close closes the store and its connections.
func (s *Store) Close() error {
	return errors.Join(s.Store.Close(), s.db.Close(), s.fs.Close())
}

// abandon frees the connections of a store whose machine has crashed. None of them closes
// well.
func abandon(store eventcore.Store) error {
	s, ok := store.(*Store)
	if !ok {
		return fmt.Errorf("sqliteruns: a %T is no store of these", store)
	}
	if err := s.Close(); errors.Is(err, sqlitevfs.ErrInUse) {
		return err
	}
	return nil
}
