package postgres_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/ledger"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

var (
	_ eventcore.Store     = (*postgres.Store)(nil)
	_ eventcore.AllReader = (*postgres.Store)(nil)
)

var server pgtest.Once

func TestMain(m *testing.M) { os.Exit(server.Run(m)) }

func open(tb testing.TB, dsn string, cfg postgres.Config) *postgres.Store {
	tb.Helper()
	s, err := postgres.Open(context.WithoutCancel(tb.Context()), dsn, cfg)
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
)

// global returns the positions of all events.
func global(tb testing.TB, s eventcore.AllReader) []uint64 {
	tb.Helper()
	return ledger.Positions(tb, s, eventcore.Filter{})
}
