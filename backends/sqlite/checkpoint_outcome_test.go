package sqlite_test

import (
	"database/sql/driver"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// TestTheOutcomeTellsWhetherACheckpointMoved has each statement of a save fail.
func TestTheOutcomeTellsWhetherACheckpointMoved(t *testing.T) {
	errPlanted := errors.New("planted")
	for statement, want := range map[string]eventcore.Outcome{
		"BEGIN": eventcore.OutcomeNotApplied, "INSERT": eventcore.OutcomeNotApplied, "COMMIT": eventcore.OutcomeUnknown,
	} {
		t.Run(statement, func(t *testing.T) {
			spy, s := spied(t, sqlite.Config{})
			one, two := eventcore.NewPosition(0, 1), eventcore.NewPosition(0, 2)
			_, err := s.SaveCheckpoint(t.Context(), orders(), one)
			require.NoError(t, err)
			spy.set(func(_ driver.Conn, query string) error {
				if strings.HasPrefix(query, statement) {
					return errPlanted
				}
				return nil
			}, nil)
			_, err = s.SaveCheckpoint(t.Context(), orders(), two)
			require.ErrorIs(t, err, errPlanted)
			require.ErrorContains(t, err, "save checkpoint: ")
			require.Equal(t, want, eventcore.OutcomeOf(err))
			_, err = s.SaveSnapshot(t.Context(), eventcore.SnapshotKey{Name: "a"}, eventcore.Snapshot{})
			require.ErrorIs(t, err, errPlanted)
			require.ErrorContains(t, err, "save snapshot: ")
			require.Equal(t, want, eventcore.OutcomeOf(err))
			spy.set(nil, nil)
			at, err := s.LoadCheckpoint(t.Context(), orders())
			require.NoError(t, err)
			require.Equal(t, one, at)
			at, err = s.SaveCheckpoint(t.Context(), orders(), two)
			require.NoError(t, err)
			require.Equal(t, two, at, "the session is as good as before")
		})
	}
}

func TestAClosedStoreKeepsNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, s *sqlite.Store) {
		require.NoError(t, s.Close())
		_, err := s.SaveCheckpoint(t.Context(), orders(), eventcore.NewPosition(0, 1))
		require.ErrorIs(t, err, sqlite.ErrClosed)
		require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
		_, err = s.LoadCheckpoint(t.Context(), orders())
		require.ErrorIs(t, err, sqlite.ErrClosed)
		_, err = s.TryAcquire(t.Context(), orders())
		require.ErrorIs(t, err, sqlite.ErrClosed)
		_, _, err = s.LoadSnapshot(t.Context(), eventcore.SnapshotKey{Name: "a"})
		require.ErrorIs(t, err, sqlite.ErrClosed)
	})
}
