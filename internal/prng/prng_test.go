package prng_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/internal/prng"
)

func TestKeysOfDifferentPurposesAndIndicesDiffer(t *testing.T) {
	seen := map[uint64]string{}
	for _, purpose := range []string{"", "a", "b", "ab", "program", "faults"} {
		for seed := range uint64(20) {
			for i := range uint64(20) {
				for name, key := range map[string]uint64{
					"none": prng.Key(seed, purpose),
					"one":  prng.Key(seed, purpose, i),
					"two":  prng.Key(seed, purpose, i, seed+1),
				} {
					if name == "none" && i > 0 {
						continue
					}
					require.NotContains(t, seen, key)
					seen[key] = name
				}
			}
		}
	}
}

// The numbers behind a seed are part of its meaning: another value here changes what
// every seed does.
func TestKeysStayWhatTheyWere(t *testing.T) {
	require.Equal(t, uint64(0x5d9a583163883452), prng.Key(1, "program"))
	require.Equal(t, uint64(0x3c733c08ac09f677), prng.Key(7, "faults", 2, 5))
	require.Equal(t, uint64(0xab1e3f64715b6f7b), prng.New(7, "faults", 2, 5).Uint64())
}

func TestFloatFillsTheUnitInterval(t *testing.T) {
	var sum float64
	const n = 10_000
	for i := range uint64(n) {
		f := prng.Float(prng.Key(3, "f", i))
		require.GreaterOrEqual(t, f, 0.0)
		require.Less(t, f, 1.0)
		sum += f
	}
	require.InDelta(t, 0.5, sum/n, 0.02)
	require.Less(t, prng.Float(^uint64(0)), 1.0)
}
