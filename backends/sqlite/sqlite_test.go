package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
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

// global returns the positions of all events that match.
func global(tb testing.TB, s eventcore.AllReader, filter eventcore.Filter) []uint64 {
	tb.Helper()
	var all []uint64
	for e, err := range s.ReadAll(tb.Context(), filter, eventcore.Position{}, 0) {
		require.NoError(tb, err)
		_, position := e.Position.Parts()
		all = append(all, position)
	}
	return all
}

func upTo(n int) []uint64 {
	all := make([]uint64, n)
	for i := range all {
		all[i] = uint64(i + 1)
	}
	return all
}
