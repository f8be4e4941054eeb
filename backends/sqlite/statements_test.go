package sqlite_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// TestStatementsAreKeptAndAllFinalized: SQLite keeps a connection that was closed until its
// last statement is.
func TestStatementsAreKeptAndAllFinalized(t *testing.T) {
	spy, db := newSpy(t, file(t))
	s, err := sqlite.New(t.Context(), db, sqlite.Config{})
	require.NoError(t, err)
	id := eventcore.MustStreamID("a")
	round := func(version int) {
		appendTo(t, s, eventcore.Version(version), 1, id)
		require.Len(t, stream(t, s, id), version+1)
		// Texts and the number of types are no reason for a new statement.
		name := prefix(t, "a"+string(rune('a'+version)))
		require.Empty(t, global(t, s, eventcore.Filter{Prefix: name, Types: slices.Repeat([]string{"x"}, 5+version%4)}))
	}
	round(0)
	kept, finalized := spy.statements()
	for version := 1; version < 20; version++ {
		round(version)
	}
	prepared, _ := spy.statements()
	require.Equal(t, kept, prepared, "statements are prepared again")
	require.Less(t, finalized, prepared)
	require.NoError(t, s.Close())
	prepared, finalized = spy.statements()
	require.Equal(t, prepared, finalized)
}
