// Package pgtest runs a throw-away PostgreSQL for tests and simulated runs.
//
//	cluster, err := pgtest.Start(ctx, pgtest.Config{})
//	if errors.Is(err, pgtest.ErrNotInstalled) {
//		t.Skip(err)
//	}
//	defer cluster.Close()
//	db, err := cluster.Database(ctx) // about a millisecond
//	store, err := postgres.Open(ctx, db.DSN, postgres.Config{})
//
// The server listens on a unix socket in a temporary directory and nowhere else, so
// that it needs no port and no password and nobody else can reach it. It is stopped and
// its directory deleted by [Cluster.Close] and also when this process ends in any other
// way, SIGKILL included: see supervise.go.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// DSNVariable is the environment variable that names a server to use instead of
// starting one. Its role must be allowed to create schemas in the database that it names.
const DSNVariable = "EVENTCORE_POSTGRES_DSN"

// Config configures a [Cluster]. The zero value is the fastest.
type Config struct {
	// Fsync lets the server wait until what it commits is on the disk. Without it a
	// crash of the server loses nothing, since the operating system has it, but a crash
	// of the machine may; nobody keeps a throw-away cluster over that.
	Fsync bool
	// Settings are passed to the server as name=value, after and above those of this
	// package.
	Settings []string
	// Parent is the directory in which the server's is made. The server's user must be
	// able to enter it, and its path is limited to some 80 bytes by that of the socket.
	// Empty: the one for temporary files.
	Parent string
}

// Limits of waiting. Each step ends with its context too.
const (
	startLimit = 60 * time.Second
	stopLimit  = 20 * time.Second
	pollEvery  = 5 * time.Millisecond
)

// Cluster is a running server. It is safe for concurrent use.
type Cluster struct {
	// dsn leads to the database in which the schemas are made.
	dsn string
	// control makes and drops schemas. It keeps its connections: one takes longer to
	// open than a schema to make.
	control *pgxpool.Pool
	// server is nil where EVENTCORE_POSTGRES_DSN names one.
	server *supervised
	// name is the beginning of the names of schemas, count the number of those made.
	name  string
	count atomic.Uint64
}

// Start starts a server, or uses the one that EVENTCORE_POSTGRES_DSN names. It returns
// once connections are accepted, after about a second. errors.Is finds [ErrNotInstalled]
// where there is no server to start. The caller closes the cluster.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	name, err := schemaName()
	if err != nil {
		return nil, err
	}
	if dsn := os.Getenv(DSNVariable); dsn != "" {
		c := &Cluster{dsn: dsn, name: name}
		if err := c.connect(ctx); err != nil {
			return nil, fmt.Errorf("pgtest: the server that %s names: %w", DSNVariable, errors.Join(err, c.Close()))
		}
		return c, nil
	}
	programs, err := find()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	server, err := supervise(programs, cfg)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dsn: "host=" + server.dir + " user=postgres dbname=postgres sslmode=disable", server: server, name: name}
	if err := c.untilReady(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// DSN returns the connection string of the database that all schemas are in.
func (c *Cluster) DSN() string { return c.dsn }

// Close stops the server and deletes its directory. A server that
// EVENTCORE_POSTGRES_DSN names goes on. Databases that are still open are gone.
func (c *Cluster) Close() error {
	if c.control != nil {
		c.control.Close()
	}
	if c.server == nil {
		return nil
	}
	return c.server.stop()
}

// untilReady waits until the server accepts connections.
func (c *Cluster) untilReady(ctx context.Context) error {
	for {
		err := c.connect(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-c.server.ended:
			return fmt.Errorf("pgtest: PostgreSQL did not start: %s; %s", c.server.how, c.server.logTail())
		case <-ctx.Done():
			return fmt.Errorf("pgtest: PostgreSQL does not accept connections (%w): %w; %s", ctx.Err(), err, c.server.logTail())
		case <-time.After(pollEvery): //nolint:forbidigo // waiting for another process
		}
	}
}

// connect connects once.
func (c *Cluster) connect(ctx context.Context) error {
	if c.control == nil {
		cfg, err := pgxpool.ParseConfig(With(c.dsn, "client_min_messages", "warning"))
		if err != nil {
			return err
		}
		if c.control, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
			return err
		}
	}
	return c.control.Ping(ctx)
}
