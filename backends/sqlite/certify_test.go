package sqlite_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
	"github.com/eventcore-go/eventcore-sim/internal/sqliteruns"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

// TestCertify certifies the store on files, statement by statement. A database in memory
// has one connection, between whose statements nothing can happen. The contract of both
// is checked by TestConformance.
func TestCertify(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		var stores sqliteruns.Stores
		t.Cleanup(func() { require.NoError(t, stores.Close()) })
		certify.Run(t, sim.Backend{Name: "sqlite", Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			return stores.Open(ctx, sqlite.Config{Clock: env.Clock, Synchronous: sqlite.SynchronousNormal}, env.Connections)
		}}, certify.WithoutContract())
	})
	t.Run("memory", func(t *testing.T) {
		if testing.Short() {
			t.Skip("the statements are those of the file, without anything between them")
		}
		certify.Run(t, sim.Backend{Name: "sqlite", Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			return sqlite.Open(ctx, sqlite.Memory, sqlite.Config{Clock: env.Clock})
		}}, certify.WithoutContract())
	})
	t.Run("simulated disk", func(t *testing.T) {
		if testing.Short() {
			t.Skip("it takes several times as long as in memory; other tests of the disk are short")
		}
		certify.Run(t, sqliteruns.OnDisk(sqlite.SynchronousFull), certify.WithContract(storetest.WithLongStream(20_000)))
	})
}
