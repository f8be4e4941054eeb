// Package sqliteruns opens SQLite stores for simulated runs, each of whose statements is a
// step. Each store is on a file of its own, since all connections to a database in memory
// are one, between whose statements nothing can happen.
package sqliteruns

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	driver "modernc.org/sqlite"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/sqlstep"
)

// Stores are stores on files in a temporary directory. The zero value is ready for use, by
// several goroutines.
type Stores struct {
	start   sync.Once
	failure error
	dir     string
	// empty is the file of a database with the tables of a store.
	empty  []byte
	opened atomic.Int64
}

// Open opens an empty store, whose pool has so many connections; 0 for the usual number.
// Closing it deletes its file.
func (s *Stores) Open(ctx context.Context, cfg sqlite.Config, connections int) (eventcore.Store, error) {
	s.start.Do(func() { s.failure = s.begin(ctx) })
	if s.failure != nil {
		return nil, s.failure
	}
	dir := filepath.Join(s.dir, strconv.FormatInt(s.opened.Add(1), 10))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "events.db")
	if err := os.WriteFile(path, s.empty, 0o600); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	store, err := OpenAt(ctx, source(path), cfg, connections)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	store.dir = dir
	return store, nil
}

// Close deletes what is left. No store may be opened afterwards.
func (s *Stores) Close() error {
	s.start.Do(func() { s.failure = errors.New("sqliteruns: closed") })
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}

// inMemory is where Linux has files that are in memory.
const inMemory = "/dev/shm"

// begin makes the directory and the empty database.
func (s *Stores) begin(ctx context.Context) (err error) {
	const pattern = "eventcore-runs-"
	if s.dir, err = os.MkdirTemp(inMemory, pattern); err != nil {
		s.dir, err = os.MkdirTemp("", pattern)
	}
	if err != nil {
		return fmt.Errorf("sqliteruns: %w", err)
	}
	path := filepath.Join(s.dir, "empty.db")
	made, err := sqlite.Open(ctx, path, sqlite.Config{})
	if err != nil {
		return err
	}
	if err := made.Close(); err != nil {
		return err
	}
	s.empty, err = os.ReadFile(path)
	return err
}

// source returns the driver's name of a file. That it is deleted soon makes syncing it
// pointless, as far as the store does not insist.
func source(path string) string {
	return "file://" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?_pragma=synchronous(OFF)"
}

// usualReaders is the number of connections that read where nothing else is said. It must
// not be that of processors.
const usualReaders = 4

// OpenAt opens a store on the database that the driver knows by that name, such as one in
// another file system of SQLite.
func OpenAt(ctx context.Context, name string, cfg sqlite.Config, connections int) (*Store, error) {
	connector, err := driver.NewConnector(name)
	if err != nil {
		return nil, fmt.Errorf("sqliteruns: %w", err)
	}
	if cfg.Readers == 0 {
		cfg.Readers = usualReaders
	}
	db := sqlstep.OpenDB(connector)
	db.SetMaxOpenConns(connections)
	store, err := sqlite.New(ctx, db, cfg)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Store{Store: store, db: db}, nil
}

// Store is a store for the time of a run.
type Store struct {
	*sqlite.Store
	db *sql.DB
	// dir is deleted with it, unless it is empty.
	dir string
}

// Close closes the store and its database.
func (s *Store) Close() error {
	err := errors.Join(s.Store.Close(), s.db.Close())
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}
