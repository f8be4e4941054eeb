package sqlite_test

import (
	"context"
	"testing"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/sqliteruns"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

func TestCertify(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		certify.Run(t, sim.Backend{Name: "sqlite", Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			return sqlite.Open(ctx, sqlite.Memory, sqlite.Config{Clock: env.Clock})
		}})
	})
	t.Run("simulated disk", func(t *testing.T) {
		if testing.Short() {
			t.Skip("it takes several times as long as in memory; other tests of the disk are short")
		}
		certify.Run(t, sqliteruns.Backend(sqlite.SynchronousFull))
	})
}
