package linearizability_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/linearizability"
)

func drawn(t *testing.T, h linearizability.History) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.html")
	if err := linearizability.Visualize(h, path); err != nil {
		return "", err
	}
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(page), nil
}

func TestAPictureShowsTheCallsInWords(t *testing.T) {
	h := parse(t, "c0 1-2 append a@0+x1 → ok \n c1 3-4 read a → \n c0 5-6 append a@0+x2 → conflict a expected 0 found 1 \n c2 7-8 append b@0+y1 → unknown \n a = x1 \n b = y1")
	page, err := drawn(t, h)
	require.NoError(t, err)
	for _, words := range []string{"append {a@0+1} → applied", "read a after 0 → nothing", "conflict on a, found at 1", "append {b@0+1} → unknown outcome"} {
		require.Contains(t, page, words)
	}
}

func TestALongHistoryIsDrawnOnlyWhereItIsWrong(t *testing.T) {
	long := generate(seeded(1), shape{clients: 4, streams: 2, ops: 1500, window: 5})
	_, err := drawn(t, long)
	require.ErrorContains(t, err, "no part of it is known to be wrong")

	wrong := parse(t, "c0 1-2 append a@0+x1 → ok \n c1 3-4 read a → \n a = x1")
	d := draftOf(long)
	d.ops = append(d.ops, wrong.Operations[:2]...) // stamps 1 to 4 lie before all others
	d.final.Streams[streamA] = wrong.Final.Streams[streamA]
	page, err := drawn(t, d.history())
	require.NoError(t, err)
	require.Contains(t, page, "append {a@0+1} → applied")
	require.NotContains(t, page, "read s-1")

	for i := range d.ops {
		if op := &d.ops[i]; op.Kind == linearizability.ReadStream && len(op.Seen) > 2 {
			op.Seen = op.Seen[:1]
		}
	}
	_, err = drawn(t, d.history())
	require.ErrorContains(t, err, "at most 1000")
}

func TestAHistoryThatCannotBeJudgedIsNotDrawn(t *testing.T) {
	h := parse(t, "c0 1-2 append a@0+x1 → ok \n a = x1")
	h.Final = nil
	_, err := drawn(t, h)
	require.ErrorContains(t, err, "not read to its end")
	h = parse(t, "c0 1-2 append a@0+x1 → ok \n a = x1")
	require.Error(t, linearizability.Visualize(h, filepath.Join(t.TempDir(), "missing", "x.html")))
}
