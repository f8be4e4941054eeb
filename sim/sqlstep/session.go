package sqlstep

import (
	"context"
	"database/sql/driver"
)

// Ping implements [driver.Pinger].
func (c *conn) Ping(ctx context.Context) error {
	pinger, ok := c.inner.(driver.Pinger)
	if !ok {
		return nil
	}
	s := statement{name: prefix + "ping"}
	return c.step(ctx, &s, pinger.Ping)
}

// ResetSession implements [driver.SessionResetter]. It is where a task gets a connection
// that was used before. One that is taken down gets none, and database/sql asks for a new one:
// see noMore.
func (c *conn) ResetSession(ctx context.Context) error {
	if stopping(taskOf(ctx)) {
		return driver.ErrBadConn
	}
	c.taken = true
	c.of.pool.taken.Add(1)
	c.pinned = false
	if taskOf(ctx) != nil {
		c.pinned = isPinned()
		c.of.pool.lift()
		c.of.look(ctx, c)
	}
	if resetter, ok := c.inner.(driver.SessionResetter); ok {
		return resetter.ResetSession(ctx)
	}
	return nil
}

// IsValid implements [driver.Validator]. It is where a connection is given back.
func (c *conn) IsValid() bool {
	c.giveBack()
	if c.broken {
		return false
	}
	validator, ok := c.inner.(driver.Validator)
	return !ok || validator.IsValid()
}

// giveBack notes that the connection is not in use any more.
func (c *conn) giveBack() {
	if c.taken {
		c.taken = false
		c.of.pool.taken.Add(-1)
		c.returns.Add(1)
	}
}

// keepsAfterRollback says whether database/sql would keep the inner connection after it
// has rolled a transaction back because its context ended.
func (c *conn) keepsAfterRollback() bool {
	_, resets := c.inner.(driver.SessionResetter)
	_, validates := c.inner.(driver.Validator)
	return resets && validates
}

// CheckNamedValue implements [driver.NamedValueChecker].
func (c *conn) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := c.inner.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}
