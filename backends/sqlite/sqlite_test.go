package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/ledger"
)

var (
	_ eventcore.Store     = (*sqlite.Store)(nil)
	_ eventcore.AllReader = (*sqlite.Store)(nil)
)

// places are the databases that must not differ in anything.
var places = map[string]func(testing.TB) string{
	"file":   file,
	"memory": func(testing.TB) string { return sqlite.Memory },
}

// everywhere runs a test on each kind of database.
func everywhere(t *testing.T, test func(t *testing.T, s *sqlite.Store)) {
	t.Helper()
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			test(t, open(t, place(t), sqlite.Config{}))
		})
	}
}

func file(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "events.db")
}

func open(tb testing.TB, path string, cfg sqlite.Config) *sqlite.Store {
	tb.Helper()
	s, err := sqlite.Open(context.WithoutCancel(tb.Context()), path, cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	return s
}

// What the tests write and read.
var (
	proposed  = ledger.Event
	batch     = ledger.Batch
	appendTo  = ledger.Append
	stream    = ledger.Stream
	prefix    = ledger.Prefix
	pattern   = ledger.Pattern
	positions = ledger.Page
	global    = ledger.Positions
)

func upTo(n int) []uint64 {
	all := make([]uint64, n)
	for i := range all {
		all[i] = uint64(i + 1)
	}
	return all
}
