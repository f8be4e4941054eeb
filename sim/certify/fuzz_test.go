package certify_test

import (
	"testing"

	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

func FuzzSim(f *testing.F) { certify.Fuzz(f, inMemory(asIs)) }
