package sqlite_test

import (
	"context"
	"testing"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

func TestCertify(t *testing.T) {
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name == "file" {
				t.Skip("opening hundreds of files takes seconds; the database in memory goes the same ways")
			}
			certify.Run(t, sim.Backend{Name: "sqlite", Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
				return sqlite.Open(ctx, place(t), sqlite.Config{Clock: env.Clock, Synchronous: sqlite.SynchronousNormal})
			}})
		})
	}
}
