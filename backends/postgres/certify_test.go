package postgres_test

import (
	"context"
	"testing"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

func TestCertify(t *testing.T) {
	certify.Run(t, sim.Backend{
		Name: "postgres", Blocks: true,
		Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			return postgres.Open(ctx, server.DSN(t), postgres.Config{Clock: env.Clock})
		},
	})
}
