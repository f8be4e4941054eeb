package postgres_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgruns"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

func TestCertify(t *testing.T) {
	server.DSN(t) // or skip
	cluster, err := server.Cluster()
	require.NoError(t, err)
	stores, err := pgruns.New(t.Context(), cluster)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stores.Close()) })
	backend := sim.Backend{
		Name: "postgres", Blocks: true, Kill: stores.Kill,
		Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			return stores.Open(ctx, postgres.Config{Clock: env.Clock}, env.Connections, env.Alone)
		},
	}
	if stores.CanRestart() {
		backend.Restart = stores.Restart
	}
	certify.Run(t, backend, certify.WithoutContract()) // see TestConformance
}
