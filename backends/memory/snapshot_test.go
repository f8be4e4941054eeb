package memory_test

import (
	"context"
	"testing"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/statetest"
)

func TestSnapshots(t *testing.T) {
	statetest.Snapshots(t, func(testing.TB) statetest.Place[eventcore.SnapshotStore] {
		s := memory.New(memory.Config{})
		return statetest.Place[eventcore.SnapshotStore]{Open: func(context.Context) (eventcore.SnapshotStore, error) { return s, nil }}
	})
}
