package file_test

import (
	"testing"

	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

// The contract is checked by TestConformance.
func TestCertify(t *testing.T) { certify.Run(t, simulated(), certify.WithoutContract()) }
