package sqlstep_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	modernc "modernc.org/sqlite"

	"github.com/eventcore-go/eventcore-sim/sim/sqlstep"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// fakeTask is a simulated task that writes down where it parks.
type fakeTask struct {
	points []string
	// waits are the limits of its waits; during each of them onWait is called.
	waits  []time.Duration
	onWait func()
}

func (f *fakeTask) Yield(name string) { f.points = append(f.points, name) }

func (f *fakeTask) Wait(name string, _ func() bool) {
	f.Yield(name)
	f.onWait()
}

func (f *fakeTask) WaitFor(name string, limit time.Duration, ready func() bool) (left time.Duration) {
	f.Wait(name, ready)
	f.waits = append(f.waits, limit)
	if ready() {
		return limit / 2
	}
	return 0
}

func (f *fakeTask) context(t *testing.T) context.Context {
	t.Helper()
	return yield.NewContext(t.Context(), f)
}

// bare is a driver that can do nothing that it need not.
type bare struct{}

type bareTx struct{}

type bareStmt struct{ query string }

type bareRows struct{ left int }

func (bare) Connect(context.Context) (driver.Conn, error) { return bare{}, nil }
func (bare) Driver() driver.Driver                        { return bare{} }
func (bare) Open(string) (driver.Conn, error)             { return bare{}, nil }
func (bare) Prepare(query string) (driver.Stmt, error)    { return bareStmt{query}, nil }
func (bare) Begin() (driver.Tx, error)                    { return bareTx{}, nil }
func (bare) Close() error                                 { return nil }
func (bareTx) Commit() error                              { return nil }
func (bareTx) Rollback() error                            { return nil }
func (bareStmt) Close() error                             { return nil }
func (bareStmt) NumInput() int                            { return -1 }

func (bareStmt) Exec(args []driver.Value) (driver.Result, error) {
	return driver.RowsAffected(len(args)), nil
}

func (bareStmt) Query(args []driver.Value) (driver.Rows, error) { return &bareRows{len(args)}, nil }
func (*bareRows) Columns() []string                             { return []string{"a"} }
func (*bareRows) Close() error                                  { return nil }
func (r *bareRows) Next(dest []driver.Value) error {
	if r.left--; r.left < 0 {
		return io.EOF
	}
	dest[0] = int64(r.left)
	return nil
}

func inFile(t testing.TB, parameters ...string) driver.Connector {
	t.Helper()
	connector, err := modernc.NewConnector(source(filepath.Join(t.TempDir(), "a.db"), parameters...))
	require.NoError(t, err)
	return connector
}

// behaviour is what a program sees of a driver.
func behaviour(t *testing.T, ctx context.Context, db *sql.DB) (seen []string) {
	t.Helper()
	defer func() { require.NoError(t, db.Close()) }()
	see := func(what ...any) { seen = append(seen, fmt.Sprintln(what...)) }
	result, err := db.ExecContext(ctx, "CREATE TABLE t (a VARCHAR(9) NOT NULL)")
	see(result != nil, err)
	result, err = db.ExecContext(ctx, "INSERT INTO t VALUES (?), (?)", true, time.Unix(0, 0).UTC())
	require.NoError(t, err)
	affected, err := result.RowsAffected()
	see(affected, err)
	_, err = db.ExecContext(ctx, "INSERT INTO t VALUES (:a)", sql.Named("a", "x"))
	see(err)
	_, err = db.ExecContext(ctx, "INSERT INTO t VALUES (?)", struct{}{})
	see(err)
	for _, opts := range []*sql.TxOptions{{ReadOnly: true}, {Isolation: sql.LevelSerializable}, nil} {
		tx, err := db.BeginTx(ctx, opts)
		see(opts, err)
		if err == nil {
			see(tx.Rollback(), tx.Commit())
		}
	}
	see(db.PingContext(ctx))
	rows, err := db.QueryContext(ctx, "SELECT a FROM t WHERE a <> ?; SELECT 2 AS b", "y")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	types, err := rows.ColumnTypes()
	require.NoError(t, err)
	for {
		for rows.Next() {
			var a any
			see(rows.Scan(&a), a)
		}
		if !rows.NextResultSet() {
			break
		}
	}
	length, hasLength := types[0].Length()
	nullable, hasNullable := types[0].Nullable()
	see(rows.Err(), types[0].DatabaseTypeName(), types[0].ScanType(), length, hasLength, nullable, hasNullable)
	made, err := db.PrepareContext(ctx, "SELECT a FROM t")
	require.NoError(t, err)
	defer func() { require.NoError(t, made.Close()) }()
	var a any
	see(made.QueryRowContext(ctx).Scan(&a), a)
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, err = db.ExecContext(done, "DELETE FROM t")
	see(err)
	return seen
}

func TestADriverBehavesAsItDoesWithoutSteps(t *testing.T) {
	for name, connector := range map[string]func(*testing.T) driver.Connector{
		"that can do little": func(*testing.T) driver.Connector { return bare{} },
		"that can do much":   func(t *testing.T) driver.Connector { t.Helper(); return inFile(t) },
	} {
		t.Run(name, func(t *testing.T) {
			expected := behaviour(t, t.Context(), sql.OpenDB(connector(t)))
			require.Equal(t, expected, behaviour(t, t.Context(), sqlstep.OpenDB(connector(t))), "outside of a simulation")
			task := &fakeTask{}
			require.Equal(t, expected, behaviour(t, task.context(t), sqlstep.OpenDB(connector(t))), "as a task")
			require.Contains(t, task.points, "sql: SELECT a FROM t")
			require.Equal(t, expected, behaviour(t, t.Context(), sql.OpenDB(sqlstep.Wrap(connector(t)))), "with a pool of its own")
		})
	}
}

func TestAStatementIsOneStep(t *testing.T) {
	for name, connector := range map[string]driver.Connector{"prepared": bare{}, "not prepared": inFile(t)} {
		t.Run(name, func(t *testing.T) {
			db := sqlstep.OpenDB(connector)
			defer func() { require.NoError(t, db.Close()) }()
			task := &fakeTask{}
			ctx := task.context(t)
			tx, err := db.BeginTx(ctx, nil)
			require.NoError(t, err)
			_, err = tx.ExecContext(ctx, "CREATE TABLE\n\tt (a INTEGER)  -- with a very long comment that nobody reads, ever")
			require.NoError(t, err)
			// Of the same transaction, though it does not say of which task.
			_, err = tx.ExecContext(t.Context(), "INSERT INTO t VALUES (1)")
			require.NoError(t, err)
			var a int
			require.NoError(t, tx.QueryRowContext(ctx, "SELECT a FROM t WHERE a = ?", 1).Scan(&a))
			require.NoError(t, tx.Commit())
			// Outside of a simulation.
			_, err = db.ExecContext(t.Context(), "DELETE FROM t")
			require.NoError(t, err)
			require.Equal(t, []string{
				"sql: BEGIN", "sql: CREATE TABLE t (a INTEGER) -- with a very long comment that…", "sql: INSERT INTO t VALUES (1)",
				"sql: SELECT a FROM t WHERE a = ?", "sql: rows", "sql: COMMIT",
			}, task.points)
		})
	}
}

// TestAWaitForALockIsOneOfTheRun has a lock held by a connection of another task.
func TestAWaitForALockIsOneOfTheRun(t *testing.T) {
	const insert = "INSERT INTO t VALUES ('a;b')"
	for name, c := range map[string]struct {
		onWait func(holder *sql.Tx) error
		waits  []time.Duration
		err    string
	}{
		"it ends with the lock":    {(*sql.Tx).Commit, []time.Duration{5 * time.Second}, ""},
		"it ends with the timeout": {func(*sql.Tx) error { return nil }, []time.Duration{5 * time.Second}, "database is locked"},
	} {
		t.Run(name, func(t *testing.T) {
			db := sqlstep.OpenDB(inFile(t, usual(immediate)...))
			defer func() { require.NoError(t, db.Close()) }()
			_, err := db.ExecContext(t.Context(), "CREATE TABLE t (a TEXT)")
			require.NoError(t, err)
			tx, err := db.BeginTx((&fakeTask{}).context(t), nil)
			require.NoError(t, err)
			defer func() { _ = tx.Rollback() }()
			task := &fakeTask{onWait: func() { require.NoError(t, c.onWait(tx)) }}
			_, err = db.ExecContext(task.context(t), insert)
			if c.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.err)
			}
			require.Equal(t, []string{"sql: " + insert, "sql: lock"}, task.points)
			require.Equal(t, c.waits, task.waits)
		})
	}
}

func TestATransactionThatHasReadIsRefusedAtOnce(t *testing.T) {
	db := sqlstep.OpenDB(inFile(t, usual()...))
	defer func() { require.NoError(t, db.Close()) }()
	_, err := db.ExecContext(t.Context(), "CREATE TABLE t (a TEXT)")
	require.NoError(t, err)
	reader, writer := &fakeTask{}, &fakeTask{}
	tx, err := db.BeginTx(reader.context(t), nil)
	require.NoError(t, err)
	var n int
	require.NoError(t, tx.QueryRowContext(reader.context(t), "SELECT count(*) FROM t").Scan(&n))
	_, err = db.ExecContext(writer.context(t), "INSERT INTO t VALUES (1)")
	require.NoError(t, err)
	_, err = tx.ExecContext(reader.context(t), "INSERT INTO t VALUES (2)")
	require.ErrorContains(t, err, "database is locked")
	require.NoError(t, tx.Rollback())
	require.Empty(t, reader.waits)
}

func TestTheBusyTimeoutIsBackOutsideOfASimulation(t *testing.T) {
	db := sqlstep.OpenDB(inFile(t, usual()...))
	defer func() { require.NoError(t, db.Close()) }()
	timeout := func(ctx context.Context) (n int) {
		require.NoError(t, db.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&n))
		return n
	}
	task := (&fakeTask{}).context(t)
	_, err := db.ExecContext(task, "CREATE TABLE t (a TEXT)")
	require.NoError(t, err)
	require.Equal(t, 5000, timeout(task), "nobody is to see that it is 0")
	require.Equal(t, 5000, timeout(t.Context()))
	_, err = db.ExecContext(task, "PRAGMA busy_timeout = 70")
	require.NoError(t, err)
	_, err = db.ExecContext(task, "DELETE FROM t")
	require.NoError(t, err)
	require.Equal(t, 70, timeout(t.Context()))
	require.Equal(t, 1, db.Stats().OpenConnections)
}
