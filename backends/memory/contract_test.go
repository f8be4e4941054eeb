package memory_test

import (
	"testing"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
)

func TestKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(testing.TB) eventcore.Store { return memory.New(memory.Config{}) })
}
