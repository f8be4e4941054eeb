package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
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
	failure error
}

// open opens a store on a database of its own.
func (c *cluster) open(ctx context.Context, env sim.Env) (eventcore.Store, error) {
	c.start.Do(func() { c.server, c.failure = pgtest.Start(ctx, pgtest.Config{}) })
	if c.failure != nil {
		return nil, c.failure
	}
	db, err := c.server.Database(ctx)
	if err != nil {
		return nil, err
	}
	store, err := postgres.Open(ctx, db.DSN, postgres.Config{Clock: env.Clock})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &temporary{store, db}, nil
}

// close stops the server, if it was started.
func (c *cluster) close() error {
	c.start.Do(func() { c.failure = errors.New("simrun has ended") })
	if c.server == nil {
		return nil
	}
	return c.server.Close()
}

// temporary is a store whose database goes with it.
type temporary struct {
	*postgres.Store
	db *pgtest.Database
}

// Close closes the store and drops its database.
func (t *temporary) Close() error {
	if err := t.Store.Close(); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return t.db.Close()
}
