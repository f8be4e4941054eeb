package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// backend is a backend that this command knows.
type backend struct {
	sim.Backend
	doc string
	// missing says why the backend cannot run here, empty where it can.
	missing string
}

func backends() []backend {
	return []backend{
		{
			Backend: sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
				return memory.New(memory.Config{Clock: env.Clock}), nil
			}},
			doc: "in this process, nothing survives it",
		},
	}
}

// lookupBackend finds a backend by name; the error lists the known ones.
func lookupBackend(name string) (sim.Backend, error) {
	var known []string
	for _, b := range backends() {
		if b.Name == name {
			return b.Backend, nil
		}
		known = append(known, b.Name)
	}
	return sim.Backend{}, fmt.Errorf("unknown backend %q; known: %s", name, strings.Join(known, ", "))
}
