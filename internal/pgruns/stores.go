// Package pgruns opens PostgreSQL stores for simulated runs, a fresh one in about a
// millisecond: it keeps connection pools and tables, and empties the tables after each run.
package pgruns

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/pgstep"
)

// Stores are the stores of one cluster. It is safe for concurrent use.
type Stores struct {
	cluster *pgtest.Cluster
	steps   *pgstep.Steps
	// places counts those that were made.
	places atomic.Int64

	// alone has the stores of another cluster, for runs that crash it.
	alone alone

	mu   sync.Mutex
	free []*place
}

// place is where a run takes place.
type place struct {
	db   *pgtest.Database
	pool *pgxpool.Pool
	runs int
	// held are connections that a run is not to have.
	held []*pgxpool.Conn
}

// name is what the server knows the sessions of the place by.
func (p *place) name() string { return p.pool.Config().ConnConfig.RuntimeParams["application_name"] }

// limit takes connections away until the pool has so many left, unless that is 0.
func (p *place) limit(ctx context.Context, connections int) error {
	for connections > 0 && int(p.pool.Config().MaxConns)-len(p.held) > connections {
		conn, err := p.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		p.held = append(p.held, conn)
	}
	return nil
}

// unlimit gives them back.
func (p *place) unlimit() {
	for _, conn := range p.held {
		conn.Release()
	}
	p.held = nil
}

// mostRuns is how often a place is used: what was deleted stays in its tables and indexes
// until the server gets to it.
const mostRuns = 100

// spareSessions is how many sessions are kept that a run has ended. The store under test does not look
// at the processes of the server: see [pgstep.Steps.Recycle].
const spareSessions = 32

// New returns the stores of a cluster, which the caller closes after them. Their
// statements are steps of simulated runs.
func New(ctx context.Context, cluster *pgtest.Cluster) (*Stores, error) {
	steps, err := pgstep.Open(context.WithoutCancel(ctx), cluster.DSN())
	if err != nil {
		return nil, err
	}
	steps.Recycle(spareSessions)
	return &Stores{cluster: cluster, steps: steps}, nil
}

// Backend returns the backend whose stores these are. Where this package may start servers
// of its own, they are crashed too.
func (s *Stores) Backend() sim.Backend {
	b := sim.Backend{
		Name: "postgres", Blocks: true, NetworkFaults: true, Kill: s.Kill,
		Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			return s.Open(ctx, postgres.Config{Clock: env.Clock}, env.Connections, env.Alone)
		},
	}
	if s.CanRestart() {
		b.Restart, b.RestartTwice = s.Restart, s.RestartTwice
	}
	return b
}

// Open opens an empty store, for one run at a time, whose pool has so many connections; 0
// for the usual number. Closing it makes its place free for another run.
//
// A store that is alone has a cluster to itself, which is not this one but is made as the
// first one asks for it, and which Restart may crash.
func (s *Stores) Open(ctx context.Context, cfg postgres.Config, connections int, alone bool) (eventcore.Store, error) {
	if alone {
		return s.alone.open(ctx, cfg, connections)
	}
	return s.open(ctx, cfg, connections)
}

func (s *Stores) open(ctx context.Context, cfg postgres.Config, connections int) (*run, error) {
	p, err := s.take(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.limit(ctx, connections); err != nil {
		return nil, errors.Join(err, p.close())
	}
	if cfg.MaxGroup == 0 {
		cfg.MaxGroup = groupcommit.MostAppends // as of a store that makes its pool itself
	}
	store, err := postgres.New(ctx, p.pool, cfg)
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return &run{Store: store, stores: s, place: p}, nil
}

// Close drops the places that are free.
func (s *Stores) Close() error {
	s.mu.Lock()
	free := s.free
	s.free = nil
	s.mu.Unlock()
	var failed []error
	for _, p := range free {
		failed = append(failed, p.close())
	}
	failed = append(failed, s.alone.close())
	s.steps.Close()
	return errors.Join(failed...)
}

// Kill ends all sessions of a store on the server, and returns once they have ended.
func (s *Stores) Kill(ctx context.Context, store eventcore.Store) error {
	r, ok := store.(*run)
	if !ok {
		return fmt.Errorf("pgruns: a %T is no store of these", store)
	}
	if err := r.stores.steps.Kill(ctx, r.place.name()); err != nil {
		return err
	}
	// The pool would hand out what is dead.
	r.place.pool.Reset()
	return nil
}

// take returns a place that is free, or a new one.
func (s *Stores) take(ctx context.Context) (*place, error) {
	s.mu.Lock()
	if last := len(s.free) - 1; last >= 0 {
		p := s.free[last]
		s.free = s.free[:last]
		s.mu.Unlock()
		return p, nil
	}
	s.mu.Unlock()
	db, err := s.cluster.Database(ctx)
	if err != nil {
		return nil, err
	}
	cfg, err := pgxpool.ParseConfig(db.DSN)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	cfg.ConnConfig.Tracer = s.steps
	cfg.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false } // see pgstep
	cfg.ConnConfig.RuntimeParams["application_name"] = "eventcore run " + strconv.FormatInt(s.places.Add(1), 10)
	// The pool outlives the run.
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), cfg)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &place{db: db, pool: pool}, nil
}

// put makes a place free, unless it cannot be emptied.
func (s *Stores) put(p *place) error {
	p.unlimit()
	p.runs++
	if p.runs >= mostRuns || p.empty() != nil {
		return p.close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, p)
	return nil
}

// emptyAll empties all tables but that of the migrations. A superuser may leave out
// triggers, which refuse to delete events.
const emptyAll = `
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema()
        AND tablename NOT IN ('eventcore_migrations', 'eventcore_head')
    LOOP
        EXECUTE 'DELETE FROM ' || quote_ident(name);
    END LOOP;
    UPDATE eventcore_head SET position = 0;
END $$`

// empty deletes all that a run has left.
func (p *place) empty() error {
	_, err := p.pool.Exec(context.Background(), emptyAll)
	return err
}

func (p *place) close() error {
	p.unlimit()
	p.pool.Close()
	return p.db.Close()
}

// run is a store for the time of a run.
type run struct {
	*postgres.Store
	stores *Stores
	place  *place
	// done, where not nil, is called when the run is over.
	done func()
}

// Close closes the store and makes its place free. It is called once.
func (r *run) Close() error {
	if r.done != nil {
		defer r.done()
	}
	if err := r.Store.Close(); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return r.stores.put(r.place)
}
