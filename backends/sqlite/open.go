package sqlite

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	driver "modernc.org/sqlite"
)

// Memory is the path of a database in memory. Each call of [Open] with it makes a new
// one, which is gone when its store is closed.
const Memory = ":memory:"

// Open opens the database file at path, or makes it; its directory must exist. The
// caller closes the store. Files -wal and -shm beside it belong to it. The context
// bounds opening alone.
func Open(ctx context.Context, path string, cfg Config) (*Store, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	if cfg.Files != nil {
		return nil, fmt.Errorf("sqlite: open %q: Files is set; open the database with its VFS and use New", path)
	}
	name, err := dataSource(path)
	if err != nil {
		return nil, err
	}
	connector, err := driver.NewConnector(name)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %q: %w", path, err)
	}
	db := sql.OpenDB(connector)
	s, err := open(ctx, db, cfg)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: open %q: %w", path, err), db.Close())
	}
	s.owned = true
	return s, nil
}

// New makes a store on a database that the caller has opened with the driver
// modernc.org/sqlite and closes after the store. The tables of the store have names
// that begin with eventcore_, and the database is switched to write-ahead logging.
//
// The store takes connections from db and keeps them until it is closed: one for
// writing and, as they are needed, up to cfg.Readers for reading. Where db is limited
// to fewer connections, the store reads with as many as that leaves, and leaves none to
// others. Where db is limited to one, or is a database in memory, which every connection
// has for itself, the store uses one connection for everything.
func New(ctx context.Context, db *sql.DB, cfg Config) (*Store, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, db, cfg)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return s, nil
}

// dataSource returns the driver's name for a path. It is a URI, so that no character
// of the path is taken for the beginning of parameters.
func dataSource(path string) (string, error) {
	switch {
	case path == "":
		return "", errors.New("sqlite: open: the path is empty; use Memory for a database in memory")
	case path == Memory:
		return Memory, nil
	case strings.ContainsRune(path, 0):
		return "", fmt.Errorf("sqlite: open %q: the path contains a NUL character", path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("sqlite: open %q: %w", path, err)
	}
	slashed := filepath.ToSlash(absolute)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a Windows drive
	}
	return "file://" + (&url.URL{Path: slashed}).EscapedPath(), nil
}

// open makes a store on db and brings its schema up to date.
func open(ctx context.Context, db *sql.DB, cfg Config) (*Store, error) {
	s := &Store{cfg: cfg, db: db, groups: newGroups(cfg)}
	s.writer = newPool("sqlite: write", 1, s.openWriter)
	writer, err := s.writer.get(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx, writer); err != nil {
		s.writer.drop(writer)
		return nil, err
	}
	if err := s.distrustLog(ctx, writer); err != nil {
		s.writer.drop(writer)
		return nil, err
	}
	s.writer.put(writer)
	s.readers = s.writer
	if !s.memory {
		s.openReaders()
	}
	return s, nil
}

// distrustLog begins a new log where a process may have died after a sync of the log that
// failed. Others that have the database open keep the log in use; then it stays.
func (s *Store) distrustLog(ctx context.Context, on *session) error {
	err := s.newLog(ctx, on)
	if isBusy(err) {
		return nil
	}
	return err
}

// newLog moves what is in the log to the database and syncs that, then begins a new log and
// syncs it. Where a sync of the log has failed, what it was to make durable is read from the
// system's cache by whoever opens the database next, and commits behind it would be lost with
// it. Cutting the log is not enough: SQLite does not sync that, and after a loss of
// power the log would be back as far as it was durable, with pages older than those that are in
// the database.
func (s *Store) newLog(ctx context.Context, on *session) error {
	if s.memory || s.cfg.Synchronous == SynchronousNormal {
		return nil
	}
	if err := on.emptyLog(ctx); err != nil {
		return err
	}
	err := on.script(ctx, beginLog)
	if err == nil || isBusy(err) {
		return err
	}
	// A failure in the middle has left a transaction, one at the end has not.
	return on.undo(ctx, err)
}

// emptyLog moves all that is in the log to the database.
func (s *session) emptyLog(ctx context.Context) error {
	return s.query(ctx, "PRAGMA wal_checkpoint(TRUNCATE)", nil, func(row []sqldriver.Value) (bool, error) {
		if inUse, ok := row[0].(int64); !ok || inUse != 0 {
			return false, errLogInUse
		}
		return false, nil
	})
}

// beginLog leaves everything as it is, but for a page that is written. An UPDATE that changes
// no byte would write none.
const beginLog = begin + `;
INSERT INTO eventcore_migrations (version, name) VALUES (0, '');
DELETE FROM eventcore_migrations WHERE version = 0;
` + commit

// openReaders sizes the pool of readers, unless there is no connection for it.
func (s *Store) openReaders() {
	size := s.cfg.Readers
	if limit := s.db.Stats().MaxOpenConnections; limit > 0 {
		size = min(size, limit-1)
	}
	if size > 0 {
		s.readers = newPool("sqlite: read", size, s.openReader)
	}
}

// openWriter opens the session that writes. The one before it has kept what a failed commit has
// left from being read again, as long as it was there.
func (s *Store) openWriter(ctx context.Context) (*session, error) {
	return s.openWith(ctx, func(ctx context.Context, on *session) error {
		if err := s.setUpWriter(ctx, on); err != nil || !s.doubted {
			return err
		}
		if err := s.whileBusy(ctx, func() error { return s.newLog(ctx, on) }); err != nil {
			return fmt.Errorf("begin a new log after a commit that failed: %w", err)
		}
		s.doubted = false
		return nil
	})
}

// openReader opens a session that reads.
func (s *Store) openReader(ctx context.Context) (*session, error) {
	return s.openWith(ctx, s.setUp)
}

// openWith opens a session and sets it up, or leaves none.
func (s *Store) openWith(ctx context.Context, setUp func(context.Context, *session) error) (*session, error) {
	opened, err := s.openSession(ctx)
	if err != nil {
		return nil, err
	}
	isSetUp := false
	defer func() {
		if !isSetUp {
			_ = opened.close() // what went wrong was said
		}
	}()
	if err := setUp(ctx, opened); err != nil {
		return nil, err
	}
	isSetUp = true
	return opened, nil
}

// openSession takes a connection. Opening one already reads the file, which may be
// locked.
func (s *Store) openSession(ctx context.Context) (*session, error) {
	var conn *sql.Conn
	err := s.whileBusy(ctx, func() (err error) {
		conn, err = s.db.Conn(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, statements: make(map[string]statement)}, nil
}
