package file_test

import (
	"context"
	"iter"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestMemoryDoesNotGrowWithTheStream(t *testing.T) {
	events := 200_000
	if testing.Short() {
		events = 20_000
	}
	dir := t.TempDir()
	s := open(t, dir, fast)
	id := eventcore.MustStreamID("a")
	empty := heap()
	for version := 0; version < events; version += 5000 {
		appendTo(t, s, eventcore.Version(version), 5000, id)
	}
	before := heap()
	require.Less(t, before-min(before, empty), uint64(events)*100, "the index holds more than places")
	n, most := 0, before
	for _, err := range s.ReadStream(t.Context(), id, 0) {
		require.NoError(t, err)
		if n++; n%(events/10) == 0 {
			most = max(most, heap())
		}
	}
	require.Equal(t, events, n)
	require.Less(t, most-before, uint64(4<<20))
	require.NoError(t, s.Close())
	before = heap()
	open(t, dir, fast) // as the store before, it is reachable until the test ends
	after := heap()
	require.Less(t, after-min(after, before), uint64(events)*100, "an index that was read holds more than places")
}

// handles returns the number of files that this process has open.
func handles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("open files can be counted on Linux only")
	}
	return len(entries)
}

func TestAHalfReadSequenceHoldsNothing(t *testing.T) {
	s := open(t, t.TempDir(), fast)
	id := eventcore.MustStreamID("a")
	for version := range eventcore.Version(50) {
		appendTo(t, s, version, 1, id)
	}
	files, goroutines := handles(t), runtime.NumGoroutine()
	version := eventcore.Version(50)
	for range s.ReadStream(t.Context(), id, 0) {
		for range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
			require.Equal(t, files, handles(t))
			appendTo(t, s, version, 1, id)
			version++
			break
		}
		require.Equal(t, files, handles(t))
	}
	require.Equal(t, eventcore.Version(100), version, "a sequence is as long as the stream was at its beginning")
	require.Equal(t, goroutines, runtime.NumGoroutine())
}

func TestAClosedStoreSaysSo(t *testing.T) {
	s := open(t, t.TempDir(), fast)
	id := eventcore.MustStreamID("a")
	appendTo(t, s, 0, 1000, id)
	next, stop := iter.Pull2(s.ReadStream(t.Context(), id, 0))
	defer stop()
	_, err, _ := next()
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "closing twice is no error")
	_, err = s.Append(t.Context(), batch(t, 1000, 1, id))
	require.ErrorIs(t, err, file.ErrClosed)
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
	for e, err := range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
		require.ErrorIs(t, err, file.ErrClosed)
		require.Zero(t, e)
	}
	failures := 0
	for _, err, ok := next(); ok; _, err, ok = next() {
		if err != nil {
			require.ErrorIs(t, err, file.ErrClosed)
			failures++
		}
	}
	require.Equal(t, 1, failures)
}

func TestAnAppendThatIsCancelledBeforeItsPlaceLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	clock := cancelling{cancel: cancel}
	s := open(t, dir, file.Config{Clock: clock})
	_, err := s.Append(ctx, batch(t, 0, 1, eventcore.MustStreamID("a")))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
	for _, name := range []string{"events", "tmp"} {
		entries, err := os.ReadDir(dir + "/" + name)
		require.NoError(t, err)
		require.Empty(t, entries)
	}
}

// cancelling cancels a context when it is asked for the time.
type cancelling struct {
	eventcore.SystemClock
	cancel context.CancelFunc
}

func (c cancelling) Now() time.Time {
	c.cancel()
	return c.SystemClock.Now()
}
