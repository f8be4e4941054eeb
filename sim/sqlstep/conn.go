package sqlstep

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// conn is a connection whose statements are steps. It has every optional interface of
// package driver; where the inner one has it not, it answers so that database/sql does
// what it does without.
type conn struct {
	inner driver.Conn
	of    *connector
	// tx is the transaction that is open, nil for none.
	tx *tx
	// run is that of the task that used it last.
	run any
	// calls is the number of calls that are under way: one, or none.
	calls atomic.Int32
	// skipped is the query that was a step although the inner connection then wanted it
	// prepared.
	skipped string
	// broken: it must not be used again. taken: it is not idle. pinned: it is taken until
	// its sql.Conn is closed.
	broken, taken, pinned bool
	// returns is how often it was given back.
	returns atomic.Uint64
	closing sync.Once
	closed  error
	sqlite  sqlite
}

var (
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.ExecerContext      = (*conn)(nil)
	_ driver.QueryerContext     = (*conn)(nil)
	_ driver.NamedValueChecker  = (*conn)(nil)
	_ driver.Pinger             = (*conn)(nil)
	_ driver.SessionResetter    = (*conn)(nil)
	_ driver.Validator          = (*conn)(nil)
)

// task returns the task that a call is for, nil if it is for none.
func (c *conn) task(ctx context.Context) yield.Task {
	if task := taskOf(ctx); task != nil {
		return task
	}
	if c.tx != nil {
		return taskOf(c.tx.ctx)
	}
	return nil
}

// step carries out a statement for which the task that asks for it is parked before.
func (c *conn) step(ctx context.Context, s *statement, do func(ctx context.Context) error) error {
	return c.call(ctx, s, true, do)
}

// call carries out a statement, as a step or not.
func (c *conn) call(ctx context.Context, s *statement, isStep bool, do func(ctx context.Context) error) (err error) {
	task := c.task(ctx)
	if task == nil {
		c.giveTimeout()
		return do(ctx)
	}
	if c.broken && stopping(task) && c.tx == nil && s.kind != rollback {
		return driver.ErrBadConn // so that who keeps it asks for another one
	}
	c.run = runOf(task)
	c.calls.Add(1)
	// [database/sql.Tx] keeps a lock while it asks for rows. A panic that passed would leave it
	// taken, for the rollback that is deferred to wait for ever.
	defer yield.Recover(&err, errTakenDown)
	defer c.calls.Add(-1)
	finished := false
	defer func() {
		if !finished && !c.broken {
			// A task that is taken down leaves who knows what.
			c.broken = true
			c.of.abandon(c)
		}
	}()
	if isStep {
		park(task, s.name)
	}
	runs.settle(c.run)
	err = ctx.Err()
	if err == nil {
		err = c.carryOut(ctx, task, s, do)
	}
	finished = true
	return err
}

// ExecContext implements [driver.ExecerContext].
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (result driver.Result, err error) {
	execer, ok := c.inner.(driver.ExecerContext)
	//lint:ignore SA1019 for drivers that have nothing else
	old, isOld := c.inner.(driver.Execer)
	if !ok && !isOld {
		return nil, driver.ErrSkip
	}
	s := parsed(query)
	err = c.step(ctx, &s, func(ctx context.Context) (err error) {
		if ok {
			result, err = execer.ExecContext(ctx, query, args)
			return err
		}
		values, err := unnamed(args)
		if err != nil {
			return err
		}
		result, err = old.Exec(query, values)
		return err
	})
	c.noteSkip(query, err)
	return result, err
}

// QueryContext implements [driver.QueryerContext].
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	queryer, ok := c.inner.(driver.QueryerContext)
	//lint:ignore SA1019 for drivers that have nothing else
	old, isOld := c.inner.(driver.Queryer)
	if !ok && !isOld {
		return nil, driver.ErrSkip
	}
	s := parsed(query)
	var found driver.Rows
	err := c.step(ctx, &s, func(ctx context.Context) (err error) {
		if ok {
			found, err = queryer.QueryContext(ctx, query, args)
			return err
		}
		values, err := unnamed(args)
		if err != nil {
			return err
		}
		found, err = old.Query(query, values)
		return err
	})
	c.noteSkip(query, err)
	if err != nil {
		return nil, err
	}
	return c.rows(ctx, found), nil
}

// noteSkip notes that database/sql will prepare a query whose step is over.
func (c *conn) noteSkip(query string, err error) {
	c.skipped = ""
	if errors.Is(err, driver.ErrSkip) {
		c.skipped = query
	}
}

// PrepareContext implements [driver.ConnPrepareContext]. It is no step, but may wait.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	var made driver.Stmt
	s := parsed(query)
	// What is prepared is not done yet.
	preparing := statement{timeout: s.timeout}
	err := c.call(ctx, &preparing, false, func(ctx context.Context) (err error) {
		made, err = c.prepare(ctx, query)
		return err
	})
	if err != nil {
		return nil, err
	}
	wrapped := &stmt{inner: made, conn: c, query: query, statement: s}
	//lint:ignore SA1019 for drivers that have nothing else
	if converter, ok := made.(driver.ColumnConverter); ok {
		return &convertingStmt{wrapped, converter}, nil
	}
	return wrapped, nil
}

// prepare prepares a query on the inner connection.
func (c *conn) prepare(ctx context.Context, query string) (driver.Stmt, error) {
	if preparer, ok := c.inner.(driver.ConnPrepareContext); ok {
		return preparer.PrepareContext(ctx, query)
	}
	made, err := c.inner.Prepare(query)
	if err == nil && ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), made.Close())
	}
	return made, err
}

// Prepare implements [driver.Conn].
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// BeginTx implements [driver.ConnBeginTx].
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	var begun driver.Tx
	s := statement{name: beginName(opts), kind: begin}
	err := c.step(ctx, &s, func(ctx context.Context) (err error) {
		begun, err = c.begin(ctx, opts)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.tx = &tx{inner: begun, conn: c, ctx: ctx, over: c.ends(ctx, taskOf(ctx))}
	return c.tx, nil
}

// beginName returns how the beginning of a transaction stands in traces.
func beginName(opts driver.TxOptions) string {
	name := prefix + "BEGIN"
	if opts.Isolation != 0 {
		name += " " + sql.IsolationLevel(opts.Isolation).String()
	}
	if opts.ReadOnly {
		name += " READ ONLY"
	}
	return name
}

// begin begins a transaction on the inner connection, as database/sql would.
func (c *conn) begin(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if beginner, ok := c.inner.(driver.ConnBeginTx); ok {
		return beginner.BeginTx(ctx, opts)
	}
	switch {
	case opts.Isolation != 0:
		return nil, errors.New("sql: driver does not support non-default isolation level")
	case opts.ReadOnly:
		return nil, errors.New("sql: driver does not support read-only transactions")
	}
	//lint:ignore SA1019 for drivers that have nothing else
	begun, err := c.inner.Begin()
	if err == nil && ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), begun.Rollback())
	}
	return begun, err
}

// Begin implements [driver.Conn].
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// Close implements [driver.Conn].
func (c *conn) Close() error {
	c.closing.Do(func() {
		c.closed = c.inner.Close()
		c.giveBack()
		c.of.pool.open.Add(-1)
		runs.released(c.run)
	})
	return c.closed
}
