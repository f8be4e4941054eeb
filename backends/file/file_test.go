package file_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

var (
	_ eventcore.Store           = (*file.Store)(nil)
	_ eventcore.AllReader       = (*file.Store)(nil)
	_ eventcore.CheckpointStore = (*file.Store)(nil)
	_ eventcore.Coordinator     = (*file.Store)(nil)
	_ eventcore.SnapshotStore   = (*file.Store)(nil)
)

func open(tb testing.TB, dir string, cfg file.Config) *file.Store {
	tb.Helper()
	s, err := file.Open(context.WithoutCancel(tb.Context()), dir, cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	return s
}

// fast does not wait for the disk.
var fast = file.Config{Fsync: file.FsyncNever}

// batch returns a batch of so many events for each of the streams, at a version.
func batch(tb testing.TB, version eventcore.Version, events int, streams ...eventcore.StreamID) eventcore.Writes {
	tb.Helper()
	var w eventcore.Writes
	for _, id := range streams {
		require.NoError(tb, w.Expect(id, version))
		for n := range events {
			require.NoError(tb, w.Append(id, proposed("deposited", fmt.Sprintf(`{"n":%d}`, int(version)+n+1))))
		}
	}
	return w
}

func proposed(kind, data string) eventcore.Proposed {
	return eventcore.Proposed{
		ID: uuid.Must(uuid.NewV7()), Type: kind, Data: []byte(data), Metadata: []byte(`{"correlation":"x"}`),
	}
}

// appendTo appends a batch that must be applied.
func appendTo(tb testing.TB, s eventcore.Store, version eventcore.Version, events int, streams ...eventcore.StreamID) eventcore.Appended {
	tb.Helper()
	done, err := s.Append(tb.Context(), batch(tb, version, events, streams...))
	require.NoError(tb, err)
	return done
}

// stream returns the events of a stream.
func stream(tb testing.TB, s eventcore.Store, id eventcore.StreamID) []eventcore.Recorded {
	tb.Helper()
	var all []eventcore.Recorded
	for e, err := range s.ReadStream(tb.Context(), id, 0) {
		require.NoError(tb, err)
		all = append(all, e)
	}
	return all
}

// global returns all events.
func global(tb testing.TB, s eventcore.AllReader) []eventcore.Recorded {
	tb.Helper()
	var all []eventcore.Recorded
	for e, err := range s.ReadAll(tb.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
		require.NoError(tb, err)
		all = append(all, e)
	}
	return all
}

// events returns the content of the files of a store's events.
func events(tb testing.TB, dir string) string {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "events", "*.jsonl"))
	require.NoError(tb, err)
	var all strings.Builder
	for _, name := range names {
		content, err := os.ReadFile(name)
		require.NoError(tb, err)
		all.Write(content)
	}
	return all.String()
}
