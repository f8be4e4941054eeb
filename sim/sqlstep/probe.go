package sqlstep

import (
	"context"
	"slices"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// probe finds out whether a connection could be opened without waiting. Opening one reads
// the database, and a driver waits for that as long as it says in the connection's
// parameters, in real time. In a write-ahead log nobody keeps readers away, so none is
// needed there.
type probe struct {
	// looked: it is known whether one is needed.
	looked bool
	// conn is nil where none is needed.
	conn *conn
}

const journalMode = "PRAGMA journal_mode"

// look makes the probe, if it is needed, when a task uses a connection for the first time:
// before any task can have a lock.
func (c *connector) look(ctx context.Context, by *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.probe.looked || !by.sqlite.is {
		return
	}
	c.probe.looked = true
	var mode string
	err := by.query(ctx, journalMode, func(value any) { mode = text(value) })
	// A database in memory is that of one connection.
	if err != nil || slices.Contains([]string{"wal", "memory", "off"}, mode) {
		return
	}
	inner, err := c.inner.Connect(ctx)
	if err != nil {
		return // so will opening others
	}
	c.probe.conn = &conn{inner: inner, of: c, sqlite: sqlite{is: true}}
}

// awaitReadable parks a task as long as nobody may read the database.
func (c *connector) awaitReadable(ctx context.Context, task yield.Task) error {
	c.mu.Lock()
	by := c.probe.conn
	c.mu.Unlock()
	if by == nil {
		return nil
	}
	by.run = runOf(task)
	return by.carryOut(ctx, task, &statement{}, func(ctx context.Context) error {
		return by.query(ctx, "PRAGMA schema_version", func(any) {})
	})
}

// text returns a value as text, "" for what is none.
func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	default:
		return ""
	}
}
