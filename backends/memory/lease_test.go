package memory_test

import (
	"context"
	"testing"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/statetest"
)

func TestLeases(t *testing.T) {
	statetest.Leases(t, func(testing.TB) statetest.Place[eventcore.Coordinator] {
		s := memory.New(memory.Config{})
		return statetest.Place[eventcore.Coordinator]{Open: func(context.Context) (eventcore.Coordinator, error) { return s, nil }}
	})
}
