package sqlstep

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// sqlite is what is known of a connection to SQLite, for as long as it is simulated: what
// SQLite would do where it meets a lock.
type sqlite struct {
	is bool
	// taken: the busy timeout is 0 in the connection; timeout is what it was.
	taken   bool
	timeout int64
	// within: there is a transaction that a statement has begun; reading: it has read.
	within, reading bool
	// rows is the number of results that are not at their end.
	rows int
}

// carryOut calls do, again each time that the statement met a lock for which SQLite would
// have waited and that may be free now, for as long as SQLite would have waited.
func (c *conn) carryOut(ctx context.Context, task yield.Task, s *statement, do func(ctx context.Context) error) error {
	c.takeTimeout(s)
	left := time.Duration(c.sqlite.timeout) * time.Millisecond
	for {
		// A context that ends meanwhile would end the statement or not, as chance has it.
		err := do(context.WithoutCancel(ctx))
		if !isBusy(err) {
			c.sqlite.note(s, err)
			if !c.sqlite.within && c.sqlite.rows == 0 {
				runs.released(c.run)
			}
			return err
		}
		if left <= 0 || !c.sqlite.waits(s) {
			return err
		}
		left = runs.awaitLock(task, left, func() bool { return ctx.Err() != nil })
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// note notes what a statement has done.
func (q *sqlite) note(s *statement, err error) {
	switch s.kind {
	case other:
		q.reading = q.within
	case rollback:
		q.within, q.reading = false, false
	case begin, commit:
		if err == nil {
			q.within, q.reading = s.kind == begin, false
		}
	case nothing:
	}
}

// waits says whether SQLite would wait before it says that a statement meets a lock. It
// does not where the transaction has read before, nor does this where it would be
// repeated what was done already.
func (q *sqlite) waits(s *statement) bool {
	if !q.is || q.timeout == 0 || s.script {
		return false
	}
	return s.kind == commit || !q.reading && q.rows == 0
}

// isBusy says whether a statement met a lock. Drivers agree on no more than the text.
func isBusy(err error) bool {
	if err == nil {
		return false
	}
	if coded, ok := errors.AsType[interface {
		error
		Code() int
	}](err); ok {
		const primary, busy = 0xff, 5
		return coded.Code()&primary == busy
	}
	return strings.Contains(err.Error(), "database is locked")
}

const busyTimeout = "PRAGMA busy_timeout"

// takeTimeout makes the busy timeout 0, unless the statement is about it.
func (c *conn) takeTimeout(s *statement) {
	q := &c.sqlite
	switch {
	case !q.is:
	case s.timeout:
		c.giveTimeout()
	case !q.taken:
		ctx := context.Background()
		timeout, err := c.ask(ctx, busyTimeout)
		if err == nil && timeout > 0 {
			// The answer is the new timeout.
			_, err = c.ask(ctx, busyTimeout+" = 0")
		}
		q.is = err == nil
		q.taken, q.timeout = true, timeout
	}
}

// giveTimeout makes the busy timeout what it was.
func (c *conn) giveTimeout() {
	q := &c.sqlite
	if q.taken && q.timeout > 0 {
		// There is nothing to be done about a connection that does not even do this.
		_, _ = c.ask(context.Background(), fmt.Sprintf("%s = %d", busyTimeout, q.timeout))
	}
	q.taken, q.timeout = false, 0
}

// tell runs a statement that has no result. It is no step.
func (c *conn) tell(ctx context.Context, query string) (err error) {
	made, err := c.prepare(ctx, query)
	if err != nil {
		return err
	}
	defer func() {
		// Closing may repeat what the statement has said; its own error would say nothing
		// about what was done.
		_ = made.Close()
	}()
	_, err = execStatement(ctx, made, nil)
	return err
}

// ask runs a query for one number. It is no step.
func (c *conn) ask(ctx context.Context, query string) (answer int64, err error) {
	err = c.query(ctx, query, func(value any) { answer, _ = value.(int64) })
	return answer, err
}

// query runs a query and calls take with the first value of its first row. It is no step.
func (c *conn) query(ctx context.Context, query string, take func(value any)) error {
	made, err := c.prepare(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = made.Close() }() // see tell
	rows, err := queryStatement(ctx, made, nil)
	if err != nil {
		return err
	}
	row := make([]driver.Value, len(rows.Columns()))
	err = rows.Next(row)
	if err == nil {
		take(row[0])
	}
	return errors.Join(err, rows.Close())
}
