package sqlstep_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim/sqlstep"
)

// slow is a driver whose statements take their time to be closed, which database/sql does
// after it has rolled a transaction back and before it gives the connection back.
type slow struct{ driver.Connector }

type slowConn struct{ everything }

type slowStmt struct{ driver.Stmt }

func (s slow) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return slowConn{made.(everything)}, nil
}

func (c slowConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	made, err := c.everything.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return slowStmt{made}, nil
}

func (s slowStmt) Close() error {
	time.Sleep(30 * time.Millisecond)
	return s.Stmt.Close()
}

// TestAConnectionIsWaitedForUntilItIsBack has a context end a transaction on the only
// connection, which the next statement needs.
func TestAConnectionIsWaitedForUntilItIsBack(t *testing.T) {
	db := sqlstep.OpenDB(slow{inFile(t, usual()...)})
	defer func() { require.NoError(t, db.Close()) }()
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithCancel((&fakeTask{}).context(t))
	defer cancel()
	tx, err := db.BeginTx(ctx, nil)
	require.NoError(t, err)
	defer func() { require.ErrorIs(t, tx.Rollback(), sql.ErrTxDone) }()
	_, err = tx.PrepareContext(ctx, "SELECT 1") //nolint:sqlclosecheck // database/sql closes it with the transaction, slowly
	require.NoError(t, err)
	cancel()
	next := &fakeTask{onWait: func() {}}
	_, err = db.ExecContext(next.context(t), "CREATE TABLE t (a TEXT)")
	require.NoError(t, err)
	require.NotContains(t, next.points, "sql: every connection is taken")
}

// TestAConnectionOfAConnIsNotWaitedFor has a context end a transaction on a connection
// that the pool does not get back.
func TestAConnectionOfAConnIsNotWaitedFor(t *testing.T) {
	db := sqlstep.OpenDB(inFile(t, usual()...))
	defer func() { require.NoError(t, db.Close()) }()
	task := (&fakeTask{}).context(t)
	for range 200 { // with the limit of a second each, go test would end this
		conn, err := db.Conn(task)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(task)
		tx, err := conn.BeginTx(ctx, nil)
		require.NoError(t, err)
		cancel()
		_, err = db.ExecContext(task, "SELECT 1")
		require.NoError(t, err)
		require.ErrorIs(t, tx.Rollback(), sql.ErrTxDone)
		require.NoError(t, conn.Close())
	}
}
