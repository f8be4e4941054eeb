package sqlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	modernc "modernc.org/sqlite"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
)

// spy is a driver that shows each statement before and after it is carried out, and
// lets the test have it fail.
type spy struct {
	driver.Connector

	mu sync.Mutex
	// before may refuse a statement; after may change what came of it.
	before func(conn driver.Conn, query string) error
	after  func(query string, err error) error
	// onRow may refuse a row.
	onRow func() error
	// opened and closed count connections, prepared and finalized statements.
	opened, closed, prepared, finalized int
}

func newSpy(tb testing.TB, path string) (*spy, *sql.DB) {
	tb.Helper()
	connector, err := modernc.NewConnector("file:" + path)
	require.NoError(tb, err)
	s := &spy{Connector: connector}
	db := sql.OpenDB(s)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	return s, db
}

// spied returns a store on a new file that the spy sees all statements of.
func spied(tb testing.TB, cfg sqlite.Config) (*spy, *sqlite.Store) {
	tb.Helper()
	spy, db := newSpy(tb, file(tb))
	s, err := sqlite.New(tb.Context(), db, cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	return spy, s
}

// set sets what happens from now on.
func (s *spy) set(before func(conn driver.Conn, query string) error, after func(query string, err error) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after = before, after
}

func (s *spy) hooks() (before func(driver.Conn, string) error, after func(string, error) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.before, s.after
}

// connections returns how many were opened and how many of them closed.
func (s *spy) connections() (opened, closed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened, s.closed
}

// statements returns how many were prepared and how many of them finalized.
func (s *spy) statements() (prepared, finalized int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prepared, s.finalized
}

// run carries a statement out between the hooks.
func (s *spy) run(conn driver.Conn, query string, do func() error) error {
	before, after := s.hooks()
	if before != nil {
		if err := before(conn, query); err != nil {
			return err
		}
	}
	err := do()
	if after != nil {
		err = after(query, err)
	}
	return err
}

func (s *spy) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	return &spyConn{Conn: conn, spy: s}, nil
}

type spyConn struct {
	driver.Conn
	spy *spy
}

func (c *spyConn) Close() error {
	c.spy.mu.Lock()
	c.spy.closed++
	c.spy.mu.Unlock()
	return c.Conn.Close()
}

func (c *spyConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	made, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.spy.mu.Lock()
	c.spy.prepared++
	c.spy.mu.Unlock()
	return &spyStmt{Stmt: made, conn: c, query: query}, nil
}

func (c *spyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (result driver.Result, err error) {
	err = c.spy.run(c.Conn, query, func() (err error) {
		result, err = c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
		return err
	})
	return result, err
}

type spyStmt struct {
	driver.Stmt
	conn  *spyConn
	query string
}

func (s *spyStmt) Close() error {
	s.conn.spy.mu.Lock()
	s.conn.spy.finalized++
	s.conn.spy.mu.Unlock()
	return s.Stmt.Close()
}

func (s *spyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (result driver.Result, err error) {
	err = s.conn.spy.run(s.conn.Conn, s.query, func() (err error) {
		result, err = s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
		return err
	})
	return result, err
}

func (s *spyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = s.conn.spy.run(s.conn.Conn, s.query, func() (err error) {
		rows, err = s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &spyRows{Rows: rows, spy: s.conn.spy}, nil
}

type spyRows struct {
	driver.Rows
	spy *spy
}

func (r *spyRows) Next(dest []driver.Value) error {
	r.spy.mu.Lock()
	onRow := r.spy.onRow
	r.spy.mu.Unlock()
	if onRow != nil {
		if err := onRow(); err != nil {
			return err
		}
	}
	return r.Rows.Next(dest)
}

// ask runs a query on a driver's connection and returns its first column.
func ask(tb testing.TB, conn driver.Conn, query string) driver.Value {
	tb.Helper()
	made, err := conn.Prepare(query)
	require.NoError(tb, err)
	defer func() { require.NoError(tb, made.Close()) }()
	rows, err := made.(driver.StmtQueryContext).QueryContext(tb.Context(), nil)
	require.NoError(tb, err)
	defer func() { require.NoError(tb, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(row); !errors.Is(err, io.EOF) {
		require.NoError(tb, err)
	}
	return row[0]
}
