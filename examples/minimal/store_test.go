package minimal_test

import (
	"context"
	"testing"

	"example.org/minimal"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

func TestCertify(t *testing.T) {
	certify.Run(t, sim.Backend{Name: "minimal", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return minimal.New(env.Clock), nil
	}})
}

func FuzzSim(f *testing.F) {
	certify.Fuzz(f, sim.Backend{Name: "minimal", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return minimal.New(env.Clock), nil
	}})
}
