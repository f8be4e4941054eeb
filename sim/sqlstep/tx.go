package sqlstep

import (
	"context"
	"database/sql/driver"
)

// tx is a transaction whose end is a step.
type tx struct {
	inner driver.Tx
	conn  *conn
	// ctx is the one that it was begun with.
	ctx context.Context
	// over says that it is over.
	over func()
}

// Commit implements [driver.Tx].
func (t *tx) Commit() error {
	defer t.end()
	c := t.conn
	err := t.step(&statement{name: prefix + "COMMIT", kind: commit}, func(ctx context.Context) error {
		if c.sqlite.timeout == 0 {
			return t.inner.Commit()
		}
		// Drivers roll back what cannot be committed for a lock. Where SQLite would wait
		// for that, the transaction must stay as it is.
		return c.tell(ctx, "COMMIT")
	})
	if err != nil && c.sqlite.timeout > 0 {
		_ = t.inner.Rollback() // as drivers do; SQLite may have done so
	}
	return err
}

// Rollback implements [driver.Tx]. It is also called by database/sql when the context
// ends, on a goroutine of its own.
func (t *tx) Rollback() error {
	defer t.end()
	if t.ctx.Err() != nil {
		t.conn.broken = t.conn.broken || !t.conn.keepsAfterRollback()
		return t.inner.Rollback()
	}
	return t.step(&statement{name: prefix + "ROLLBACK", kind: rollback}, func(context.Context) error { return t.inner.Rollback() })
}

// step ends the transaction. What database/sql has let pass is not stopped by the context
// any more: nobody else would end the transaction.
func (t *tx) step(s *statement, do func(ctx context.Context) error) error {
	return t.conn.step(context.WithoutCancel(t.ctx), s, do)
}

// end notes that the transaction is over, whatever came of it.
func (t *tx) end() {
	if t.conn.tx == t {
		t.conn.tx = nil
	}
	t.conn.sqlite.note(&statement{kind: rollback}, nil)
	t.over()
	runs.released(t.conn.run)
}
