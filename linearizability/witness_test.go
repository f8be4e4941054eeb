package linearizability_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// TestTheFirstGuessIsAProof: what it explains porcupine explains too, on the calls as they
// were recorded. It explains nearly all that can be explained, else it were in vain.
func TestTheFirstGuessIsAProof(t *testing.T) {
	explained, guessed, wrong := 0, 0, 0
	histories := seeds(t, 1500)
	for n, s := range smallShapes() {
		for seed := range histories {
			pick := seeded(seed)
			d := altered(pick, s)
			h := d.history()
			guesses := linearizability.Guessed(h)
			for c, verdict := range linearizability.Plain(t.Context(), h) {
				switch {
				case verdict != linearizability.OK:
					wrong++
					require.False(t, guesses[c], "shape %d seed %d\n%s", n, seed, text(h))
				case guesses[c]:
					guessed++
					explained++
				default:
					explained++
				}
			}
		}
	}
	t.Logf("%d of %d components guessed, %d cannot be explained", guessed, explained, wrong)
	require.Greater(t, guessed, explained*9/10)
	require.Greater(t, wrong, int(histories)/3)
}
