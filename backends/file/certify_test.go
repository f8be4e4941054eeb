package file_test

import (
	"testing"

	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

func TestCertify(t *testing.T) { certify.Run(t, simulated()) }
