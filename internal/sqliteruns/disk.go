package sqliteruns

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/sqlitevfs"
)

// Database is the name of the database on the disk of a run.
const Database = "events.db"

// OnDisk returns the backend whose stores are on the disk of their runs, so that it can be
// crashed: with a write-ahead log, one connection that writes and several that read.
// What is acknowledged with [sqlite.SynchronousFull] is durable; with less it is not. Each
// operation of the disk is a step, and each taking of a lock. Statements are none besides:
// package sqlstep counts on their not parking in the middle.
func OnDisk(synchronous sqlite.Synchronous) sim.Backend {
	return sim.Backend{
		Name: "sqlite-disk", Durable: true, Abandon: abandon,
		Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			return openOnDisk(ctx, env, synchronous)
		},
	}
}

// diskStore is a store on the disk of a run.
type diskStore struct {
	*sqlite.Store
	db *sql.DB
	fs *sqlitevfs.VFS
}

// openOnDisk opens the store that is on the disk, or makes it.
func openOnDisk(ctx context.Context, env sim.Env, synchronous sqlite.Synchronous) (*diskStore, error) {
	files := env.Disk.FS()
	fs, err := sqlitevfs.New(sqlitevfs.Config{
		Files: files, Point: env.Point, Random: env.Random, Now: env.Clock.Now, Sleep: env.Sleep,
	})
	if err != nil {
		return nil, err
	}
	connector, err := driver.NewConnector(fs.DSN(Database))
	if err != nil {
		return nil, errors.Join(err, fs.Close())
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(env.Connections)
	store, err := sqlite.New(ctx, db, sqlite.Config{Clock: env.Clock, Synchronous: synchronous, Readers: usualReaders, Files: files})
	if err != nil {
		return nil, errors.Join(err, db.Close(), fs.Close())
	}
	return &diskStore{store, db, fs}, nil
}

// Close closes the store and its connections.
func (s *diskStore) Close() error { return errors.Join(s.Store.Close(), s.db.Close(), s.fs.Close()) }

// abandon frees the connections of a store whose machine has crashed. None of them closes
// well.
func abandon(store eventcore.Store) error {
	s, ok := store.(*diskStore)
	if !ok {
		return fmt.Errorf("sqliteruns: a %T is no store on a disk", store)
	}
	if err := s.Close(); errors.Is(err, sqlitevfs.ErrInUse) {
		return err
	}
	return nil
}
