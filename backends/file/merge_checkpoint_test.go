package file_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

func TestACheckpointOutlivesAMerge(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	a, b := openMerge(t, one, file.MergeConfig{}), openMerge(t, two, file.MergeConfig{})
	appendTo(t, a, 0, 1, streamA)
	at := appendTo(t, b, 0, 2, streamA).Last
	sub := eventcore.MustSubscriptionID("s")
	_, err := b.SaveCheckpoint(t.Context(), sub, at)
	require.NoError(t, err)
	exchange(t, one, two)
	require.NoError(t, b.Close())
	b = openMerge(t, two, file.MergeConfig{})
	require.Equal(t, uint64(1), b.TopologyGeneration(), "the other one is older")
	loaded, err := b.LoadCheckpoint(t.Context(), sub)
	require.NoError(t, err)
	require.Equal(t, at, loaded)
	n := 0
	for e, err := range b.ReadAll(t.Context(), eventcore.Filter{}, loaded, 0) {
		require.NoError(t, err)
		require.Equal(t, eventcore.Version(1), e.Version, "the first of its stream comes last")
		n++
	}
	require.Equal(t, 1, n)
	_, err = a.SaveCheckpoint(t.Context(), sub, at)
	require.ErrorIs(t, err, file.ErrForeignPosition)
	lease, err := b.TryAcquire(t.Context(), sub)
	require.NoError(t, err)
	require.NoError(t, lease.Release(t.Context()))
	// Without its order of ingestion a checkpoint is worth nothing, and says so.
	require.NoError(t, b.Close())
	require.NoError(t, os.Remove(filepath.Join(two, "state", "ingested")))
	b = openMerge(t, two, file.MergeConfig{})
	_, err = b.LoadCheckpoint(t.Context(), sub)
	require.ErrorIs(t, err, file.ErrDamaged)
}

// FuzzOpenMerge opens a working copy with one file of any content, as the only transaction
// and as its log: it opens, or says that it is damaged, and what can be read can be read to
// its end.
func FuzzOpenMerge(f *testing.F) {
	seed := f.TempDir()
	s, err := file.OpenMerge(f.Context(), seed, file.MergeConfig{Config: fast})
	require.NoError(f, err)
	appendTo(f, s, 0, 2, streamA, streamB)
	require.NoError(f, s.Close())
	names, err := filepath.Glob(filepath.Join(seed, "events", "*.jsonl"))
	require.NoError(f, err)
	for _, name := range []string{names[0], filepath.Join(seed, "state", "ingested")} {
		data, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(data)
		f.Add(data[:len(data)-1])
		f.Add(data[:40])
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"events/" + filepath.Base(names[0]), "state/ingested"} {
			d := disk.New(disk.Config{})
			require.NoError(t, d.MkdirAll(filepath.Dir(name)))
			f, err := d.OpenFile(name, os.O_WRONLY|os.O_CREATE)
			require.NoError(t, err)
			_, err = f.Write(data)
			require.NoError(t, err)
			s, err := file.OpenMerge(t.Context(), "", file.MergeConfig{Config: file.Config{FS: d.FS()}, Fingerprint: "x"})
			if err != nil {
				require.ErrorIs(t, err, file.ErrDamaged)
				continue
			}
			st, err := s.Status(t.Context())
			require.NoError(t, err)
			if st.Refusal == nil {
				global(t, s)
			} else {
				require.ErrorIs(t, st.Refusal, file.ErrDamaged)
			}
			require.NoError(t, s.Close())
		}
	})
}
