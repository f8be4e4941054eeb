package file_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/ledger"
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

// What the tests write and read.
var (
	proposed = ledger.Event
	batch    = ledger.Batch
	appendTo = ledger.Append
	stream   = ledger.Stream
)

// global returns all events.
func global(tb testing.TB, s eventcore.AllReader) []eventcore.Recorded {
	tb.Helper()
	return ledger.All(tb, s, eventcore.Filter{})
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
