package file_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

// Flipped bits have a requirement of their own: it fails where one is not noticed and is not
// certified where nobody says which files notice them.
func TestFlippedBitsAreCertifiedByThemselves(t *testing.T) {
	if testing.Short() {
		t.Skip("certifies three times; left out with -short")
	}
	unsaid := simulated()
	unsaid.Checksummed = nil
	for name, test := range map[string]struct {
		backend sim.Backend
		want    certify.Status
		reason  string
	}{
		"noticed":     {simulated(), certify.Passed, ""},
		"not noticed": {cuttingOff(), certify.Failed, "the store opens, reports nothing, and returns"},
		"unsaid":      {unsaid, certify.NotCertified, "Backend.Checksummed is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := certify.Settings{First: 1, Seeds: 80, Scenario: "contention", Dir: t.TempDir(), Brief: true}
			c, err := certify.Check(t.Context(), test.backend, settings, io.Discard, certify.WithoutContract())
			require.NoError(t, err)
			for _, r := range c.Requirements {
				switch r.ID {
				case "R-FLIP-01":
					require.Equal(t, test.want, r.Status, r.Reason)
					require.Contains(t, r.Reason, test.reason)
				case "R-CRASH-01":
					require.NotEqual(t, certify.Failed, r.Status, r.Reason)
				}
			}
		})
	}
}
