package memory_test

import (
	"testing"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
)

func TestKeepsTheContract(t *testing.T) {
	// What is in memory is gone with its store, and the store takes nothing but memory.
	storetest.Run(t, func(testing.TB) eventcore.Store { return memory.New(memory.Config{}) },
		storetest.Without("R-REOPEN", "R-HANDLE", "R-RES"))
}
