package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
)

var errCut = errors.New("the wire is cut")

// wire is what the connections of a pool go over: it counts and cuts.
type wire struct {
	writes atomic.Int64
	reads  atomic.Int64

	mu sync.Mutex
	// onWrite and onRead are asked before bytes go on; an error closes the connection.
	onWrite, onRead func() error
}

func (w *wire) set(onWrite, onRead func() error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onWrite, w.onRead = onWrite, onRead
}

func (w *wire) ask(read bool) error {
	w.mu.Lock()
	f := w.onWrite
	if read {
		f = w.onRead
	}
	w.mu.Unlock()
	if f == nil {
		return nil
	}
	return f()
}

type wiredConn struct {
	net.Conn
	wire *wire
}

func (c *wiredConn) Write(b []byte) (int, error) {
	if err := c.wire.ask(false); err != nil {
		_ = c.Close()
		return 0, err
	}
	c.wire.writes.Add(1)
	return c.Conn.Write(b)
}

func (c *wiredConn) Read(b []byte) (int, error) {
	if err := c.wire.ask(true); err != nil {
		_ = c.Close()
		return 0, err
	}
	n, err := c.Conn.Read(b)
	c.wire.reads.Add(1)
	return n, err
}

// wired opens a store over a wire. The pool has so many connections at most.
func wired(t *testing.T, dsn string, size int32) (*wire, *pgxpool.Pool, *postgres.Store) {
	t.Helper()
	w := &wire{}
	cfg, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	cfg.MaxConns = size
	dial := cfg.ConnConfig.DialFunc
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &wiredConn{Conn: conn, wire: w}, nil
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, closed(pool, 10*time.Second)) })
	s, err := postgres.New(t.Context(), pool, postgres.Config{})
	require.NoError(t, err)
	return w, pool, s
}

// closed closes a pool, and gives up after a while: where a connection was not given back, closing
// would wait for ever, and hang all that comes behind the test that has failed.
func closed(pool *pgxpool.Pool, limit time.Duration) error {
	done := make(chan struct{})
	go func() { pool.Close(); close(done) }()
	select {
	case <-done:
		return nil
	case <-time.After(limit):
		return fmt.Errorf("%d connections were not given back", pool.Stat().AcquiredConns())
	}
}

func TestAPoolWhoseConnectionIsKeptDoesNotHangATest(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), server.DSN(t))
	require.NoError(t, err)
	kept, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, closed(pool, 10*time.Millisecond), "1 connections were not given back")
	kept.Release()
	require.NoError(t, closed(pool, 10*time.Second))
}

// connectTo connects without a store.
func connectTo(tb testing.TB, dsn string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), dsn)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close(context.WithoutCancel(tb.Context())) })
	return conn
}

func run(tb testing.TB, conn *pgx.Conn, query string) {
	tb.Helper()
	_, err := conn.Exec(tb.Context(), query)
	require.NoError(tb, err)
}
