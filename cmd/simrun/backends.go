package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/sqliteruns"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// backend is a backend that this command knows.
type backend struct {
	sim.Backend
	doc string
	// seeds is the number of seeds for each scenario when neither --seeds nor
	// --duration is given. Together the backends take about half a minute on two cores.
	seeds uint64
	// missing says why the backend cannot run here, empty where it can.
	missing string
	// simulated: there is no such store in real time.
	simulated bool
}

// backends are all that this command knows, and what they need while it runs.
type backends struct {
	all      []backend
	postgres cluster
	sqlite   sqliteruns.Stores
	// check judges histories; nil: as usual. Tests put checkers there that disagree.
	check func(context.Context, linearizability.History, linearizability.Options) linearizability.Report
}

func newBackends() *backends {
	b := &backends{}
	b.all = []backend{
		{
			Backend: sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
				return memory.New(memory.Config{Clock: env.Clock}), nil
			}},
			doc:   "in this process, nothing survives it",
			seeds: 1200,
		},
		{
			Backend: sim.Backend{Name: "file", Durable: true, Checksummed: file.Checksummed, Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
				return file.Open(ctx, "", file.Config{
					FS: env.Disk.FS(), Clock: env.Clock, IDs: eventcore.NewIDGenerator(env.Clock, env.Random),
				})
			}},
			doc:   "a directory of JSON lines; simulated on a disk in memory, each of whose operations is a step",
			seeds: 100,
		},
		{
			Backend: sim.Backend{Name: "sqlite", Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
				return b.sqlite.Open(ctx, sqlite.Config{Clock: env.Clock, Synchronous: sqlite.SynchronousNormal}, env.Connections)
			}},
			doc:   "SQLite, statement by statement: on files in a temporary directory",
			seeds: 40,
		},
		{
			Backend: sqliteruns.OnDisk(sqlite.SynchronousFull),
			doc:     "SQLite on a disk in memory, each of whose operations and locks is a step too, and which crashes",
			seeds:   60, simulated: true,
		},
		{
			Backend: sim.Backend{Name: "postgres", Open: b.postgres.open, Kill: b.postgres.kill, Blocks: true, NetworkFaults: true},
			doc:     "PostgreSQL, statement by statement: a server of its own in a temporary directory, or the one that EVENTCORE_POSTGRES_DSN names",
			seeds:   8,
			missing: missingPostgres(),
		},
	}
	if ownPostgres() {
		server := &b.all[len(b.all)-1]
		server.Restart, server.RestartTwice = b.postgres.restart, b.postgres.restartTwice
	}
	return b
}

// close stops what was started for the backends.
func (b *backends) close() error { return errors.Join(b.sqlite.Close(), b.postgres.close()) }

// usual returns the names of the backends that can run here.
func (b *backends) usual() (names []string) {
	for i := range b.all {
		if b.all[i].missing == "" {
			names = append(names, b.all[i].Name)
		}
	}
	return names
}

// lookup finds a backend by name; the error lists the known ones, or says why this one
// cannot run here.
func (b *backends) lookup(name string) (backend, error) {
	var known []string
	for _, b := range b.all {
		switch {
		case b.Name != name:
			known = append(known, b.Name)
		case b.missing != "":
			return backend{}, fmt.Errorf("%s cannot run here: %s", name, b.missing)
		default:
			return b, nil
		}
	}
	return backend{}, fmt.Errorf("unknown backend %q; known: %s", name, strings.Join(known, ", "))
}

// fast returns the backend whose runs cost the least.
func (b *backends) fast() *sim.Backend { return &b.all[0].Backend }

// skipped says of each backend that cannot run here why it is left out, unless it was
// not asked for.
func (b *backends) skipped(chosen []string) (lines []string) {
	for i := range b.all {
		if reason := b.all[i].missing; reason != "" && len(chosen) == 0 {
			lines = append(lines, b.all[i].Name+": "+reason)
		}
	}
	return lines
}
