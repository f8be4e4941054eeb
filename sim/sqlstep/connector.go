package sqlstep

import (
	"context"
	"database/sql/driver"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// connector makes connections whose statements are steps. It implements [io.Closer] for
// inner ones that do.
type connector struct {
	inner driver.Connector
	pool  pool

	mu    sync.Mutex
	probe probe
	// abandoned are connections that a task had in use when it was taken down, and that
	// database/sql may not know what to do with.
	abandoned []*conn
	// endings are those of its connections.
	endings []*ending
}

// Connect implements [driver.Connector]. A task waits here where the pool's limit is
// reached.
func (c *connector) Connect(ctx context.Context) (made driver.Conn, err error) {
	task := taskOf(ctx)
	noMore(task)
	c.pool.taken.Add(1)
	entered := false
	defer func() {
		if made == nil { // also where the task is taken down
			c.pool.taken.Add(-1)
			if entered {
				c.pool.open.Add(-1)
			}
		}
	}()
	if task != nil {
		if err := c.pool.enter(ctx, task); err != nil {
			return nil, err
		}
	}
	entered = true
	c.pool.open.Add(1)
	if task != nil {
		if err := c.awaitReadable(ctx, task); err != nil {
			return nil, err
		}
	}
	inner, err := c.inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	opened := &conn{inner: inner, of: c, taken: true, sqlite: sqlite{is: isSQLite(inner) || isSQLite(c.inner.Driver())}}
	if task != nil {
		opened.pinned = isPinned()
		c.look(ctx, opened)
	}
	return opened, nil
}

// Driver implements [driver.Connector]. It is the inner one: what asks for it wants to
// know what database it is.
func (c *connector) Driver() driver.Driver { return c.inner.Driver() }

// Close implements [io.Closer]. It is called when the pool is closed.
func (c *connector) Close() error {
	c.mu.Lock()
	abandoned, endings := c.abandoned, slices.Clone(c.endings)
	if c.probe.conn != nil {
		abandoned = append(abandoned, c.probe.conn)
		c.pool.open.Add(1) // which it is not counted in
	}
	c.abandoned, c.probe = nil, probe{looked: true}
	c.mu.Unlock()
	for _, e := range endings {
		e.forget()
	}
	for _, conn := range abandoned {
		_ = conn.Close() // nobody waits for what they were doing
	}
	if closer, ok := c.inner.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// abandon has a connection closed with the pool, if not before.
func (c *connector) abandon(one *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.abandoned = append(c.abandoned, one)
}

// note keeps what is not over yet, so that it can be forgotten with the pool.
func (c *connector) note(e *ending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endings = append(c.endings, e)
}

func (c *connector) forget(e *ending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endings = slices.DeleteFunc(c.endings, func(one *ending) bool { return one == e })
}

// isSQLite says by its package whether a driver, or a connection of one, is SQLite's.
func isSQLite(of any) bool {
	t := reflect.TypeOf(of)
	if t == nil {
		return false
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.Contains(strings.ToLower(t.PkgPath()), "sqlite")
}

// wrappedDriver is a driver whose connections have steps.
type wrappedDriver struct{ inner driver.Driver }

var _ driver.DriverContext = (*wrappedDriver)(nil)

// Open implements [driver.Driver].
func (d *wrappedDriver) Open(name string) (driver.Conn, error) {
	c, err := d.OpenConnector(name)
	if err != nil {
		return nil, err
	}
	return c.Connect(context.Background())
}

// OpenConnector implements [driver.DriverContext].
func (d *wrappedDriver) OpenConnector(name string) (driver.Connector, error) {
	if inner, ok := d.inner.(driver.DriverContext); ok {
		c, err := inner.OpenConnector(name)
		if err != nil {
			return nil, err
		}
		return Wrap(c), nil
	}
	return Wrap(namedConnector{d.inner, name}), nil
}

// namedConnector is what database/sql makes of a driver that has no connectors.
type namedConnector struct {
	driver driver.Driver
	name   string
}

func (c namedConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.name) }
func (c namedConnector) Driver() driver.Driver                        { return c.driver }
