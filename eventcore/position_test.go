package eventcore_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestPositionsHaveOneTextEach(t *testing.T) {
	for _, tc := range []struct {
		text   string
		hi, lo uint64
	}{
		{"0", 0, 0},
		{"7", 0, 7},
		{"1.0", 1, 0},
		{"3.18446744073709551615", 3, math.MaxUint64},
		{"18446744073709551615", 0, math.MaxUint64},
	} {
		p, err := eventcore.ParsePosition(tc.text)
		require.NoError(t, err)
		require.Equal(t, eventcore.NewPosition(tc.hi, tc.lo), p)
		require.Equal(t, tc.text, p.String())
	}
	for _, bad := range []string{
		"", ".", "1.", ".1", "0.5", "007", "1.07", "-1", "+1", " 1", "1 ", "1.2.3", "0x1", "1_0",
		"18446744073709551616", "1,2", "a",
	} {
		p, err := eventcore.ParsePosition(bad)
		require.ErrorContains(t, err, "position", "%q", bad)
		require.True(t, p.IsZero())
	}
}

func TestPositionsTravelAsText(t *testing.T) {
	var decoded struct{ After eventcore.Position }
	require.NoError(t, json.Unmarshal([]byte(`{"After":"2.5"}`), &decoded))
	require.Equal(t, eventcore.NewPosition(2, 5), decoded.After)
	encoded, err := json.Marshal(decoded)
	require.NoError(t, err)
	require.JSONEq(t, `{"After":"2.5"}`, string(encoded))
	require.Error(t, json.Unmarshal([]byte(`{"After":"02.5"}`), &decoded))
	require.Equal(t, eventcore.NewPosition(2, 5), decoded.After, "an error must leave the position alone")
}

// TestPositionsOrderLikeOneNumber compares with hi·2⁶⁴+lo.
func TestPositionsOrderLikeOneNumber(t *testing.T) {
	part := rapid.OneOf(rapid.Uint64Range(0, 2), rapid.Uint64())
	number := func(hi, lo uint64) *big.Int {
		n := new(big.Int).SetUint64(hi)
		return n.Lsh(n, 64).Add(n, new(big.Int).SetUint64(lo))
	}
	rapid.Check(t, func(t *rapid.T) {
		h1, l1, h2, l2 := part.Draw(t, "h1"), part.Draw(t, "l1"), part.Draw(t, "h2"), part.Draw(t, "l2")
		p, q := eventcore.NewPosition(h1, l1), eventcore.NewPosition(h2, l2)
		want := number(h1, l1).Cmp(number(h2, l2))
		require.Equal(t, want, p.Compare(q))
		require.Equal(t, -want, q.Compare(p))
		require.Equal(t, want == 0, p == q)
		require.Equal(t, p.IsZero(), number(h1, l1).Sign() == 0)
		hi, lo := p.Parts()
		require.Equal(t, []uint64{h1, l1}, []uint64{hi, lo})
		checkPosition(t, p.String())
	})
}

// checkPosition holds a text to being accepted exactly if it is what String makes.
func checkPosition(t require.TestingT, text string) {
	p, err := eventcore.ParsePosition(text)
	if err == nil {
		require.Equal(t, text, p.String())
		return
	}
	high, low, both := strings.Cut(text, ".")
	if !both {
		high, low = "0", text
	}
	require.False(t, plainNumber(low) && plainNumber(high) && (!both || high != "0"), "%q is refused", text)
}

// plainNumber says whether s is a number below 2⁶⁴ as it is usually written.
func plainNumber(s string) bool {
	n, ok := new(big.Int).SetString(s, 10)
	return ok && n.IsUint64() && n.String() == s
}

func FuzzPosition(f *testing.F) {
	for _, seed := range []string{"0", "12", "1.2", "0.5", "18446744073709551616", "1.", "+1", "-0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkPosition(t, text) })
}
