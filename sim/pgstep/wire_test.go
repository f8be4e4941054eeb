package pgstep

import (
	"bytes"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// encode returns messages as they are sent.
func encode(t testing.TB, messages ...pgproto3.Message) []byte {
	t.Helper()
	var b []byte
	for _, m := range messages {
		var err error
		b, err = m.Encode(b)
		require.NoError(t, err)
	}
	return b
}

func TestPreparingIsNoRequest(t *testing.T) {
	answers, executes := requested(encode(t, &pgproto3.Parse{Query: "SELECT 1"}, &pgproto3.Describe{ObjectType: 'S'}, &pgproto3.Sync{}))
	require.Equal(t, 1, answers)
	require.False(t, executes)
	answers, executes = requested(encode(t, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{}))
	require.Equal(t, 1, answers)
	require.True(t, executes)
	answers, executes = requested(encode(t, &pgproto3.Query{String: "COMMIT"}))
	require.Equal(t, 1, answers)
	require.True(t, executes)
}

func replyOf(t testing.TB) []byte {
	t.Helper()
	return encode(
		t, &pgproto3.BindComplete{}, &pgproto3.DataRow{Values: [][]byte{[]byte("Z")}}, &pgproto3.DataRow{Values: [][]byte{nil}},
		&pgproto3.CommandComplete{CommandTag: []byte("SELECT 2")}, &pgproto3.ReadyForQuery{TxStatus: 'I'},
	)
}

func TestAnAnswerIsReadyOnlyAtItsEndAndIsCutAtARow(t *testing.T) {
	whole := replyOf(t)
	var a answer
	for _, b := range whole {
		require.Zero(t, a.ready)
		a.add([]byte{b})
	}
	require.Equal(t, 1, a.ready)
	bound := encode(t, &pgproto3.BindComplete{})
	one := encode(t, &pgproto3.BindComplete{}, &pgproto3.DataRow{Values: [][]byte{[]byte("Z")}})
	two := whole[:bytes.Index(whole, []byte("SELECT 2"))-headerLength]
	for rows, want := range [][]byte{bound, one, two, two} {
		require.Equal(t, want, a.until(rows), rows)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(replyOf(f), 3)
	f.Add([]byte("Z\x00\x00\x00\x00"), 1)
	f.Fuzz(func(t *testing.T, data []byte, piece int) {
		var whole, pieces answer
		whole.add(data)
		requested(data)
		for rest := data; len(rest) > 0; {
			n := min(len(rest), max(1, piece))
			pieces.add(rest[:n])
			rest = rest[n:]
		}
		require.Equal(t, whole.ready, pieces.ready)
		require.Equal(t, whole.malformed, pieces.malformed)
		for rows := range 3 {
			require.True(t, bytes.HasPrefix(data, whole.until(rows)))
		}
	})
}
