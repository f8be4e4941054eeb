package memory_test

import (
	"context"
	"testing"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

func TestCertify(t *testing.T) {
	certify.Run(t, sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return memory.New(memory.Config{Clock: env.Clock}), nil
	}})
}
