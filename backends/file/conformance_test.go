package file_test

import (
	"testing"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t testing.TB) eventcore.Store {
		return open(t, t.TempDir(), fast)
	})
}
