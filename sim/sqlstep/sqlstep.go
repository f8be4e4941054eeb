// Package sqlstep lets the simulator switch tasks between the SQL statements of a backend
// that uses database/sql, without a change to its code:
//
//	connector, err := sqlite.NewConnector("file:" + path + "?_pragma=busy_timeout(5000)")
//	db := sqlstep.OpenDB(connector)
//	store, err := mine.New(ctx, db)
//
// Before each statement, before each begin, commit and rollback, and before the first row
// of a result and each further page of it, the task whose context it has is parked, so
// that others may carry out theirs. A statement that has no context is a step of the task
// that has begun the transaction it is part of; outside of one it is no step. Neither is
// preparing a statement, which does nothing that another connection could see. Outside a
// simulated run all calls are passed on as they are.
//
// # What waits
//
// A pool that parked tasks have exhausted is recognised: the task that needs a connection
// waits in the scheduler until there is one. For that [OpenDB] knows the pool. It lifts
// the limit that was set with SetMaxOpenConns and keeps to it itself, so that DB.Stats
// shows none from the first simulated call on. The lifetimes of connections are lifted as
// well, since they go by real time. With [Wrap] only pools without a limit can be
// simulated: a task that waits inside of database/sql stalls its run.
//
// SQLite waits for locks by sleeping. While a connection is simulated its busy timeout is
// 0, and a statement that would have waited waits in the scheduler until another
// connection has released a lock, or the timeout has passed in the run's time: then it
// fails as it would have. SQLite fails at once, whatever its timeout, where a transaction
// that has read comes to write after another one has; so does this. Neither does it wait
// where that cannot be told: in a script of several statements, and in SQLite's shared
// cache, whose own waiting would stall the run. The database must be a file, or lie in a
// file system of SQLite's that its connections share. Where it has a rollback journal, one
// more connection is opened, by which to tell whether others could be.
//
// The locks of a server, such as MySQL, are not recognised; those of PostgreSQL are by
// package pgstep, also beneath database/sql.
//
// A store that keeps a mutex locked while it calls the database parks with it. The task
// that wants the mutex next then blocks outside of the scheduler, and the run reports a
// stall. The same goes for tasks that share a [sql.Conn] or a [sql.Tx].
//
// # What is the same each time
//
// database/sql has goroutines of its own. Those that open connections, and close idle
// ones, have nothing to do in a simulated run. Those that roll back a transaction, and
// close rows, when their context ends are waited for: no statement is carried out before
// they are done. A context that ends in the middle of a statement ends it no more; it is
// asked before each.
package sqlstep

import (
	"database/sql"
	"database/sql/driver"
)

// OpenDB is [sql.OpenDB] with the statements of simulated tasks as steps.
func OpenDB(c driver.Connector) *sql.DB {
	stepped := &connector{inner: c}
	stepped.pool.db = sql.OpenDB(stepped)
	return stepped.pool.db
}

// Wrap returns a connector whose connections have the statements of simulated tasks as
// steps, for those who must call [sql.OpenDB] themselves. The pool must not be limited;
// see the package's documentation. Else use [OpenDB].
func Wrap(c driver.Connector) driver.Connector { return &connector{inner: c} }

// WrapDriver returns a driver whose connections have the statements of simulated tasks as
// steps, for backends that open the database by the name of a driver:
//
//	sql.Register("sqlite-in-steps", sqlstep.WrapDriver(&sqlite.Driver{}))
//
// The pool must not be limited; see [Wrap].
func WrapDriver(d driver.Driver) driver.Driver { return &wrappedDriver{d} }
