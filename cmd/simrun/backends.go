package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// backend is a backend that this command knows.
type backend struct {
	sim.Backend
	doc string
	// seeds is the number of seeds for each scenario when neither --seeds nor
	// --duration is given. Together the backends take about ten seconds on two cores.
	seeds uint64
	// missing says why the backend cannot run here, empty where it can.
	missing string
}

func backends() []backend {
	return []backend{
		{
			Backend: sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
				return memory.New(memory.Config{Clock: env.Clock}), nil
			}},
			doc:   "in this process, nothing survives it",
			seeds: 2500,
		},
		{
			Backend: sim.Backend{Name: "sqlite", Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
				return sqlite.Open(ctx, sqlite.Memory, sqlite.Config{Clock: env.Clock})
			}},
			doc:   "SQLite; simulated in memory, so without files",
			seeds: 50,
		},
	}
}

// lookupBackend finds a backend by name; the error lists the known ones.
func lookupBackend(name string) (backend, error) {
	var known []string
	for _, b := range backends() {
		if b.Name == name {
			return b, nil
		}
		known = append(known, b.Name)
	}
	return backend{}, fmt.Errorf("unknown backend %q; known: %s", name, strings.Join(known, ", "))
}
