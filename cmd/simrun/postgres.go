package main

import (
	"context"
	"errors"
	"os"
	"sync"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgruns"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// missingPostgres says why there is no PostgreSQL to run, empty where there is.
func missingPostgres() string {
	if err := pgtest.Available(); err != nil {
		return err.Error()
	}
	return ""
}

// cluster is the server that simulated runs share. It is started by the first of them.
type cluster struct {
	start   sync.Once
	server  *pgtest.Cluster
	stores  *pgruns.Stores
	failure error
}

// open opens an empty store.
func (c *cluster) open(ctx context.Context, env sim.Env) (eventcore.Store, error) {
	if err := c.started(ctx); err != nil {
		return nil, err
	}
	return c.stores.Open(ctx, postgres.Config{Clock: env.Clock}, env.Connections, env.Alone)
}

// started starts the server, unless it was.
func (c *cluster) started(ctx context.Context) error {
	c.start.Do(func() {
		if c.server, c.failure = pgtest.Start(ctx, pgtest.Config{}); c.failure == nil {
			c.stores, c.failure = pgruns.New(ctx, c.server)
		}
	})
	return c.failure
}

// kill ends the sessions of a store.
func (c *cluster) kill(ctx context.Context, store eventcore.Store) error {
	return c.stores.Kill(ctx, store)
}

// restart crashes the server of a store that has one to itself.
func (c *cluster) restart(ctx context.Context, store eventcore.Store) error {
	return c.stores.Restart(ctx, store)
}

// restartTwice does so once more in the middle of the recovery.
func (c *cluster) restartTwice(ctx context.Context, store eventcore.Store, again int) error {
	return c.stores.RestartTwice(ctx, store, again)
}

// ownPostgres says whether servers are started here, so that they may be crashed.
func ownPostgres() bool { return os.Getenv(pgtest.DSNVariable) == "" }

// close stops the server, if it was started.
func (c *cluster) close() error {
	c.start.Do(func() { c.failure = errors.New("simrun has ended") })
	if c.server == nil {
		return nil
	}
	var err error
	if c.stores != nil {
		err = c.stores.Close()
	}
	return errors.Join(err, c.server.Close())
}
