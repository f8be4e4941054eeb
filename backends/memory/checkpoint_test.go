package memory_test

import (
	"context"
	"testing"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/statetest"
)

// A store in memory is one handle.
func TestCheckpoints(t *testing.T) {
	statetest.Checkpoints(t, func(testing.TB) statetest.Place[eventcore.CheckpointStore] {
		s := memory.New(memory.Config{})
		return statetest.Place[eventcore.CheckpointStore]{Open: func(context.Context) (eventcore.CheckpointStore, error) { return s, nil }}
	})
}
