package sqlitevfs_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/sim/sqlitevfs"
)

const (
	database = "events.db"
	// rows is the number of events of an append, batches that of appends.
	rows, batches = 3, 24
)

// machine is a process that has a database open.
type machine struct {
	fs *sqlitevfs.VFS
	db *sql.DB
	// conns are those to close.
	conns []*sql.Conn
}

// start starts a process on files. Each of its connections has one statement at a time.
func start(tb testing.TB, files vfs.FS) *machine {
	tb.Helper()
	fs, err := sqlitevfs.New(sqlitevfs.Config{Files: files, Random: prng.New(1, "sqlite")})
	require.NoError(tb, err)
	db, err := sql.Open("sqlite", fs.DSN(database))
	require.NoError(tb, err)
	return &machine{fs: fs, db: db}
}

// stop ends it, whatever state it is in.
func (m *machine) stop(tb testing.TB) {
	tb.Helper()
	// Nothing closes well on a machine that has crashed.
	for _, conn := range m.conns {
		_ = conn.Close()
	}
	_ = m.db.Close()
	require.NoError(tb, m.fs.Close(), "a connection is left")
}

func (m *machine) conn(tb testing.TB) *sql.Conn {
	tb.Helper()
	conn, err := m.db.Conn(tb.Context())
	require.NoError(tb, err)
	m.conns = append(m.conns, conn)
	return conn
}

func exec(tb testing.TB, conn *sql.Conn, queries ...string) {
	tb.Helper()
	for _, query := range queries {
		_, err := conn.ExecContext(tb.Context(), query)
		require.NoError(tb, err, query)
	}
}

// setting is how durable SQLite is asked to be.
type setting struct{ journal, synchronous string }

func (s setting) String() string { return s.journal + " " + s.synchronous }

const schema = `CREATE TABLE events (position INTEGER PRIMARY KEY, batch INTEGER NOT NULL, payload TEXT NOT NULL);
CREATE INDEX events_by_batch ON events (batch, position)`

// payload differs for each event and is long enough that an append changes several pages.
func payload(batch, row int) string { return strings.Repeat(fmt.Sprintf("%d/%d ", batch, row), 40) }

// appendBatch appends the events of a batch.
func appendBatch(ctx context.Context, conn *sql.Conn, batch int) error {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for row := range rows {
		_, err := conn.ExecContext(ctx, "INSERT INTO events (batch, payload) VALUES (?, ?)", batch, payload(batch, row))
		if err != nil {
			return errors.Join(err, rollback(ctx, conn))
		}
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return errors.Join(err, rollback(ctx, conn))
	}
	return nil
}

func rollback(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "ROLLBACK")
	return err
}

// workload makes a database, which is durable then, and appends to it with the setting; a
// second connection reads meanwhile, at times long enough to keep a checkpoint from its end.
// begins is called once the database is durable, acknowledged with the number of appends
// that have returned.
func workload(tb testing.TB, files vfs.FS, s setting, begins func(), acknowledged func(int)) {
	tb.Helper()
	m := start(tb, files)
	defer m.stop(tb)
	writer := m.conn(tb)
	exec(tb, writer, "PRAGMA page_size = 1024", "PRAGMA journal_mode = "+s.journal, "PRAGMA synchronous = EXTRA", schema)
	reader := m.conn(tb)
	if s.journal == "WAL" {
		exec(tb, writer, "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA wal_autocheckpoint = 24")
	}
	exec(tb, writer, "PRAGMA synchronous = "+s.synchronous)
	begins()
	for batch := 1; batch <= batches; batch++ {
		switch {
		case batch%8 == 3 && s.journal == "WAL":
			exec(tb, reader, "BEGIN", "SELECT count(*) FROM events")
		case batch%8 == 7 && s.journal == "WAL":
			exec(tb, reader, "COMMIT")
		default:
			exec(tb, reader, "SELECT count(*) FROM events")
		}
		require.NoError(tb, appendBatch(tb.Context(), writer, batch))
		acknowledged(batch)
	}
}

// lateFiles are files whose last write is acknowledged before the disk has it: it is
// done with the next operation, and so is missed by a sync.
type lateFiles struct{ vfs.FS }

func (l lateFiles) Alive() error { return l.FS.(interface{ Alive() error }).Alive() }

func (l lateFiles) OpenFile(name string, flag int) (vfs.File, error) {
	f, err := l.FS.OpenFile(name, flag)
	return &lateFile{File: f}, err
}

type lateFile struct {
	vfs.File
	late func() error
}

func (f *lateFile) catchUp() error {
	if late := f.late; late != nil {
		f.late = nil
		return late()
	}
	return nil
}

func (f *lateFile) ReadAt(p []byte, offset int64) (int, error) {
	if err := f.catchUp(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, offset)
}

func (f *lateFile) WriteAt(p []byte, offset int64) (int, error) {
	if err := f.catchUp(); err != nil {
		return 0, err
	}
	data := append([]byte(nil), p...)
	f.late = func() error { _, err := f.File.WriteAt(data, offset); return err }
	return len(p), nil
}

func (f *lateFile) Size() (int64, error) { return sized(f.catchUp(), f.File) }

func (f *lateFile) Truncate(size int64) error { return errors.Join(f.catchUp(), f.File.Truncate(size)) }

func (f *lateFile) Sync() error { return errors.Join(f.File.Sync(), f.catchUp()) }

func sized(err error, f vfs.File) (int64, error) {
	if err != nil {
		return 0, err
	}
	return f.Size()
}
