package pgruns

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

// alone are the stores of a cluster that one run at a time has to itself.
type alone struct {
	// turn is held by the run that has it.
	turn sync.Mutex

	cluster *pgtest.Cluster
	stores  *Stores
}

// aloneConfig is the configuration of the cluster: what is acknowledged is written, and
// what was not is not written by and by, so that a crash takes it away. Nothing waits for the disk:
// a crash of the server leaves what is written, synced or not, and one that syncs takes three times as
// long to recover, since it begins with all of its files.
func aloneConfig() pgtest.Config {
	return pgtest.Config{Settings: []string{
		"full_page_writes=on", "wal_writer_delay=10s", "wal_writer_flush_after=1GB",
	}}
}

// open waits for its turn.
func (a *alone) open(ctx context.Context, cfg postgres.Config, connections int) (eventcore.Store, error) {
	a.turn.Lock()
	r, err := a.begin(ctx, cfg, connections)
	if err != nil {
		a.turn.Unlock()
		return nil, err
	}
	r.done = a.turn.Unlock
	return r, nil
}

func (a *alone) begin(ctx context.Context, cfg postgres.Config, connections int) (*run, error) {
	if a.stores == nil {
		cluster, err := pgtest.Start(ctx, aloneConfig())
		if err != nil {
			return nil, err
		}
		stores, err := New(ctx, cluster)
		if err != nil {
			return nil, errors.Join(err, cluster.Close())
		}
		a.cluster, a.stores = cluster, stores
	}
	return a.stores.open(ctx, cfg, connections)
}

func (a *alone) close() error {
	a.turn.Lock()
	defer a.turn.Unlock()
	if a.stores == nil {
		return nil
	}
	err := errors.Join(a.stores.Close(), a.cluster.Close())
	a.stores, a.cluster = nil, nil
	return err
}

// Restart crashes the server of a store that was opened alone, and starts it again.
func (s *Stores) Restart(ctx context.Context, store eventcore.Store) error {
	return s.restart(store, func() error { return s.alone.cluster.Crash(ctx) })
}

// RestartTwice does the same, and crashes the server once more while it recovers; see
// [sim.Backend.RestartTwice].
func (s *Stores) RestartTwice(ctx context.Context, store eventcore.Store, again int) error {
	return s.restart(store, func() error { return s.alone.cluster.CrashTwice(ctx, again) })
}

func (s *Stores) restart(store eventcore.Store, crash func() error) error {
	r, ok := store.(*run)
	if !ok || r.stores != s.alone.stores {
		return fmt.Errorf("pgruns: a %T has no server to itself", store)
	}
	if err := crash(); err != nil {
		return err
	}
	// The pools would hand out what is dead.
	r.place.pool.Reset()
	r.stores.mu.Lock()
	defer r.stores.mu.Unlock()
	for _, p := range r.stores.free {
		p.pool.Reset()
	}
	return nil
}

// CanRestart says whether this package may start servers of its own.
func (s *Stores) CanRestart() bool { return s.cluster.CanCrash() }
