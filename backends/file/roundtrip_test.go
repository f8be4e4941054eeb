package file_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// roundTrip appends an event, if a batch takes it, and wants it back as it was, from the
// store that has written it and from the next one.
func roundTrip(t *testing.T, kind, data, metadata string) bool {
	t.Helper()
	id := eventcore.MustStreamID("a")
	var w eventcore.Writes
	require.NoError(t, w.Expect(id, 0))
	e := proposed(kind, data)
	e.Metadata = []byte(metadata)
	if w.Append(id, e) != nil {
		return false
	}
	cfg := file.Config{FS: disk.New(disk.Config{}).FS()}
	for reopened := range 2 {
		s, err := file.Open(t.Context(), "", cfg)
		require.NoError(t, err)
		if reopened == 0 {
			_, err = s.Append(t.Context(), w)
			require.NoError(t, err)
		}
		got := stream(t, s, id)
		require.Len(t, got, 1)
		require.Equal(t, e.ID, got[0].ID)
		require.Equal(t, kind, got[0].Type)
		require.True(t, data == string(got[0].Data), "the data is another")
		require.True(t, metadata == string(got[0].Metadata), "the metadata is another")
		require.NoError(t, s.Close())
	}
	return true
}

func TestJSONOfAnyDepthComesBackAsItWas(t *testing.T) {
	deepest := 0
	for _, depth := range []int{1, 99, 100, 101, 5000, 9998, 9999, 10_000, 10_001} {
		for _, c := range []struct{ begin, end string }{{"[", "]"}, {`{"[":`, "}"}} {
			deep := strings.Repeat(c.begin, depth) + "1" + strings.Repeat(c.end, depth)
			if roundTrip(t, "x", deep, "") && roundTrip(t, "x", "1", deep) {
				deepest = max(deepest, depth)
			}
		}
	}
	require.Equal(t, 10_000, deepest, "as deep as package json goes")
}

func TestBracketsInStringsAreNoDepth(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, fast)
	var w eventcore.Writes
	id := eventcore.MustStreamID("a")
	require.NoError(t, w.Expect(id, 0))
	data := `["\"` + strings.Repeat("[{", 5000) + `","\\"]`
	require.NoError(t, w.Append(id, proposed("x", data)))
	_, err := s.Append(t.Context(), w)
	require.NoError(t, err)
	require.Equal(t, data, string(stream(t, s, id)[0].Data))
	require.Contains(t, events(t, dir), `"data":["\"[{`, "it can be read by people")
}

// FuzzRoundTrip appends events of any content.
func FuzzRoundTrip(f *testing.F) {
	for _, data := range odd {
		f.Add("x", data, "")
		f.Add("x\xff", "1", data)
	}
	f.Add("x", strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000), `{"a":"b"}`)
	f.Add("x", strings.Repeat(`{"":[`, 60)+`"\\\"["`+strings.Repeat("]}", 60), "")
	f.Fuzz(func(t *testing.T, kind, data, metadata string) { roundTrip(t, kind, data, metadata) })
}
