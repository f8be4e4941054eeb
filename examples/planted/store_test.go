package planted_test

import (
	"context"
	"testing"

	"example.org/minimal"
	"example.org/planted"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

// TestCertify fails: .ci/examples sees to it that it does.
func TestCertify(t *testing.T) {
	certify.Run(t, sim.Backend{Name: "planted", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return planted.Store{Store: minimal.New(env.Clock)}, nil
	}})
}

// FuzzSim fails too once the fuzzer looks for it: go test -fuzz=FuzzSim.
func FuzzSim(f *testing.F) {
	certify.Fuzz(f, sim.Backend{Name: "planted", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return planted.Store{Store: minimal.New(env.Clock)}, nil
	}})
}
