package file_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestWithOneWriterTheFilesAreThoseOfAStore(t *testing.T) {
	at := fixedClock{at: time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)}
	config := func() file.Config {
		return file.Config{Clock: at, IDs: eventcore.NewIDGenerator(at, rand.New(rand.NewPCG(1, 2))), Replica: eventcore.EventID{1}, Fsync: file.FsyncNever}
	}
	dir, plain := t.TempDir(), t.TempDir()
	merge := config()
	merge.IDs.NewEventID() // the log's
	m, s := openMerge(t, dir, file.MergeConfig{Config: config()}), open(t, plain, merge)
	first, second := batch(t, 0, 2, streamA, streamB), batch(t, 2, 1, streamA)
	for _, w := range []eventcore.Writes{first, second} {
		a, err := m.Append(t.Context(), w)
		require.NoError(t, err)
		b, err := s.Append(t.Context(), w)
		require.NoError(t, err)
		require.Equal(t, b.Streams, a.Streams)
	}
	require.Equal(t, events(t, plain), events(t, dir))
	require.NoError(t, m.Close())
	open(t, dir, fast) // and a Store reads them
	require.Zero(t, m.TopologyGeneration())
}

func TestACopiedDirectoryBecomesAReplicaOfItsOwn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	s := openMerge(t, dir, file.MergeConfig{})
	appendTo(t, s, 0, 1, streamA)
	require.NoError(t, s.Close())
	again := openMerge(t, dir, file.MergeConfig{})
	require.Equal(t, s.Replica(), again.Replica())
	copied := filepath.Join(t.TempDir(), "b")
	require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
	require.NotEqual(t, s.Replica(), openMerge(t, copied, file.MergeConfig{}).Replica())
}

// exchange copies the files that one working copy has and the other lacks.
func exchange(t *testing.T, from, to string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(from, "events", "*.jsonl"))
	require.NoError(t, err)
	for _, name := range names {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(to, "events", filepath.Base(name)), content, 0o600))
	}
}

func TestOneNameForTwoWorkingCopiesIsRefused(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	same := file.MergeConfig{Config: file.Config{Replica: eventcore.EventID{7}}}
	a, b := openMerge(t, one, same), openMerge(t, two, same)
	appendTo(t, a, 0, 1, streamA)
	appendTo(t, b, 0, 1, streamB)
	exchange(t, one, two)
	require.ErrorIs(t, b.Refresh(t.Context()), file.ErrIdentityConflict)
	refusesAll(t, b, file.ErrIdentityConflict)
	st, err := b.Status(t.Context())
	require.NoError(t, err)
	require.Len(t, st.Identity, 1)
	require.Equal(t, eventcore.EventID{7}, st.Identity[0].Replica)
	require.Len(t, global(t, a), 1, "the other one has not seen it yet")
}

func TestAPositionOfAnotherReplicaIsRefused(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	a, b := openMerge(t, one, file.MergeConfig{}), openMerge(t, two, file.MergeConfig{})
	at := appendTo(t, a, 0, 1, streamA).Last
	exchange(t, one, two)
	require.NoError(t, b.Refresh(t.Context()))
	n := 0
	for _, err := range b.ReadAll(t.Context(), eventcore.Filter{}, at, 0) {
		require.ErrorIs(t, err, file.ErrForeignPosition)
		n++
	}
	require.Equal(t, 1, n)
	require.NoError(t, a.Close())
	for range openMerge(t, one, file.MergeConfig{}).ReadAll(t.Context(), eventcore.Filter{}, at, 0) {
		t.Fatal("the order outlives the process")
	}
}

func TestAFileThatContradictsItsAncestorsCountsAsDamaged(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	a, b := openMerge(t, one, file.MergeConfig{}), openMerge(t, two, file.MergeConfig{})
	appendTo(t, a, 0, 1, streamA)
	appendTo(t, a, 1, 1, streamA)
	names, err := filepath.Glob(filepath.Join(one, "events", "*.jsonl"))
	require.NoError(t, err)
	exchange(t, one, two)
	forged := file.Reheaded(t, names[1], `"base":1`, `"base":0`)
	require.NoError(t, os.WriteFile(filepath.Join(two, "events", filepath.Base(names[1])), forged, 0o600))
	st, err := b.Status(t.Context())
	require.NoError(t, err)
	require.NoError(t, st.Refusal, "it was never ingested")
	require.Len(t, st.Damaged, 1)
	require.ErrorContains(t, st.Damaged[0].Err, `version 0 of stream "a", which is at 1`)
	require.Len(t, global(t, b), 1)
}

func TestATypedResolverGetsEventsOfItsType(t *testing.T) {
	type deposited struct{ N int }
	registry := eventcore.NewRegistry()
	eventcore.MustRegister[deposited](registry, "deposited")
	one, two := t.TempDir(), t.TempDir()
	a, b := openMerge(t, one, file.MergeConfig{}), openMerge(t, two, file.MergeConfig{})
	appendTo(t, a, 0, 1, streamA)
	appendTo(t, b, 0, 2, streamA)
	exchange(t, one, two)
	done, err := b.Reconcile(t.Context(), file.Typed(registry, func(_ context.Context, f file.TypedFork[deposited]) ([]eventcore.Emit[deposited], error) {
		sum := 0
		for _, branch := range f.Streams[0].Branches {
			for _, e := range branch {
				sum += e.N
			}
		}
		return []eventcore.Emit[deposited]{eventcore.To(f.Streams[0].Stream, deposited{-sum})}, nil
	}))
	require.NoError(t, err)
	require.Len(t, done.Merges, 1)
	all := stream(t, b, streamA)
	require.JSONEq(t, `{"N":-4}`, string(all[3].Data))
	contiguous(t, all)
}

func TestAWorkingCopyMayBeUsedByManyAtOnce(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	a, b := openMerge(t, one, file.MergeConfig{}), openMerge(t, two, file.MergeConfig{})
	for n := range 8 {
		appendTo(t, a, eventcore.Version(n), 1, streamA)
	}
	appendTo(t, b, 0, 1, streamA)
	exchange(t, one, two)
	var wait sync.WaitGroup
	merges := make([]int, 3)
	for worker := range merges {
		wait.Go(func() {
			id := eventcore.MustStreamID(fmt.Sprint("worker ", worker))
			for n := range 10 {
				_, err := b.Append(t.Context(), batch(t, eventcore.Version(n), 1, id))
				if err != nil {
					t.Error(err)
				}
				done, err := b.Reconcile(t.Context(), took)
				if err != nil {
					t.Error(err)
				}
				merges[worker] += len(done.Merges)
				_ = b.TopologyGeneration()
				for _, err := range b.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
					if err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wait.Wait()
	require.Equal(t, 1, merges[0]+merges[1]+merges[2], "one fork is settled once")
	require.Len(t, global(t, b), 8+1+1+30)
	contiguous(t, stream(t, b, streamA))
}
