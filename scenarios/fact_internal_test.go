package scenarios

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestFactsRoundTrip(t *testing.T) {
	codec := &factCodec{types: []string{"x", "y"}}
	for _, n := range []int64{0, 1, -1, 42, math.MaxInt64, math.MinInt64} {
		for _, ref := range []uint64{0, 1, 1 << 53, math.MaxUint64} {
			for _, peer := range []string{"", "account/1", `quote"`, `back\slash`, "ümlaut", "tab\there", "a<b>&c"} {
				f := fact{Type: "y", N: n, Ref: ref}
				if peer != "" {
					f.Peer = eventcore.MustStreamID(peer)
				}
				name, data, err := codec.Encode(f)
				require.NoError(t, err)
				require.Equal(t, "y", name)
				require.True(t, json.Valid(data), string(data))
				back, err := codec.Decode(name, data)
				require.NoError(t, err, string(data))
				require.Equal(t, f, back)
			}
		}
	}
}

func TestFactCodecRefusesWhatItDoesNotKnow(t *testing.T) {
	codec := &factCodec{types: []string{"x"}}
	_, _, err := codec.Encode(fact{Type: "z"})
	require.ErrorContains(t, err, `type "z" is none of ["x"]`)
	_, _, err = codec.Encode("x")
	require.ErrorContains(t, err, "string is no fact")
	_, err = codec.Decode("z", json.RawMessage(`{}`))
	require.ErrorContains(t, err, `type "z" is none of ["x"]`)
	for _, data := range []string{
		``, `{`, `{"n":`, `{"n":}`, `{"n":1`, `{"n":1,}`, `{"n":01}`, `{"n":1"ref":2}`, `{"peer":"a`, `{"peer":"a}`,
		`{"peer":""}`, `{"peer":"*"}`, `{"n":1}}`, `{"n":1}{}`, `{"n":"1"}`, `{"m":1}`, `{"ref":-1}`, `[]`, `{"n":1,"n"}`,
	} {
		_, err := codec.Decode("x", json.RawMessage(data))
		require.ErrorIs(t, err, errNotAFact, data)
	}
}

// FuzzFact compares the fast path with encoding/json.
func FuzzFact(f *testing.F) {
	for _, seed := range []string{`{"n":1,"ref":2,"peer":"a"}`, `{}`, `{"n":-5}`, ` {"peer":"\u0041"}`, `{"n":1e3}`, `{"ref":18446744073709551615}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fast, ok := (&peers{}).scan(data)
		if !ok {
			return
		}
		var slow fact
		require.NoError(t, json.Unmarshal(data, &slow), string(data))
		require.Equal(t, slow, fast)
	})
}
