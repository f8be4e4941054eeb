package sqlite_test

import (
	"testing"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
)

func TestConformance(t *testing.T) {
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t testing.TB) eventcore.Store {
				return open(t, place(t), sqlite.Config{})
			})
		})
	}
}
