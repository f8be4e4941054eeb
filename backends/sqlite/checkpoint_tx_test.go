package sqlite_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// readModel is a table in the file of a store.
func readModel(t *testing.T) (s *sqlite.Store, db *sql.DB) {
	t.Helper()
	path := file(t)
	s, db = open(t, path, sqlite.Config{}), bare(t, "file:"+path+"?_txlock=immediate")
	run(t, db, "CREATE TABLE applied (position INTEGER NOT NULL)")
	return s, db
}

func begin(t *testing.T, db *sql.DB) *sql.Tx {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	return tx
}

// apply does what a projection does with an event.
func apply(t *testing.T, s *sqlite.Store, tx *sql.Tx, n uint64) {
	t.Helper()
	_, err := tx.ExecContext(t.Context(), "INSERT INTO applied VALUES (?)", n)
	require.NoError(t, err)
	then, err := s.SaveCheckpointTx(t.Context(), tx, orders(), eventcore.NewPosition(0, n))
	require.NoError(t, err)
	require.Equal(t, eventcore.NewPosition(0, n), then)
}

func applied(t *testing.T, db *sql.DB) (count int) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM applied").Scan(&count))
	return count
}

// TestACrashBetweenApplyAndCommitLeavesBothUnchanged applies each event once, though the
// process ends before the commit again and again.
func TestACrashBetweenApplyAndCommitLeavesBothUnchanged(t *testing.T) {
	s, db := readModel(t)
	const events = 12
	for try := uint64(0); ; try++ {
		at, err := s.LoadCheckpoint(t.Context(), orders())
		require.NoError(t, err)
		_, n := at.Parts()
		require.EqualValues(t, n, applied(t, db), "the read model and the checkpoint differ")
		if n == events {
			require.EqualValues(t, 2*events, try)
			return
		}
		tx := begin(t, db)
		apply(t, s, tx, n+1)
		if try%2 == 0 {
			require.NoError(t, tx.Rollback())
			continue
		}
		require.NoError(t, tx.Commit())
	}
}

func TestATransactionSeesItsOwnCheckpointAndNobodyElseDoes(t *testing.T) {
	s, db := readModel(t)
	tx := begin(t, db)
	at, err := s.LoadCheckpointTx(t.Context(), tx, orders())
	require.NoError(t, err)
	require.Zero(t, at)
	apply(t, s, tx, 5)
	at, err = s.LoadCheckpointTx(t.Context(), tx, orders())
	require.NoError(t, err)
	require.Equal(t, eventcore.NewPosition(0, 5), at)
	at, err = s.LoadCheckpoint(t.Context(), orders())
	require.NoError(t, err)
	require.Zero(t, at)
	require.NoError(t, tx.Commit())
	at, err = s.LoadCheckpoint(t.Context(), orders())
	require.NoError(t, err)
	require.Equal(t, eventcore.NewPosition(0, 5), at)
}

func TestATransactionMovesNoCheckpointBackwards(t *testing.T) {
	s, db := readModel(t)
	ahead := eventcore.NewPosition(1, 0)
	_, err := s.SaveCheckpoint(t.Context(), orders(), ahead)
	require.NoError(t, err)
	tx := begin(t, db)
	then, err := s.SaveCheckpointTx(t.Context(), tx, orders(), eventcore.NewPosition(0, 7))
	require.NoError(t, err)
	require.Equal(t, ahead, then, "who saves it can tell that another one is ahead")
	require.NoError(t, tx.Commit())
	at, err := s.LoadCheckpoint(t.Context(), orders())
	require.NoError(t, err)
	require.Equal(t, ahead, at)
}

func TestASaveInATransactionSaysWhatIsWrong(t *testing.T) {
	s, db := readModel(t)
	tx := begin(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.SaveCheckpointTx(ctx, tx, orders(), eventcore.NewPosition(0, 1))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "save checkpoint: ")
	_, err = s.LoadCheckpointTx(t.Context(), tx, eventcore.SubscriptionID{})
	require.ErrorContains(t, err, "load checkpoint: the subscription ID is empty")
	require.NoError(t, tx.Rollback())
	_, err = s.SaveCheckpointTx(t.Context(), tx, orders(), eventcore.NewPosition(0, 1))
	require.ErrorIs(t, err, sql.ErrTxDone)
}

// TestASaveWaitsForTheWriteLock saves while another handle holds it.
func TestASaveWaitsForTheWriteLock(t *testing.T) {
	s, db := readModel(t)
	tx := begin(t, db)
	saved := make(chan error, 1)
	go func() {
		_, err := s.SaveCheckpoint(t.Context(), orders(), eventcore.NewPosition(0, 3))
		saved <- err
	}()
	apply(t, s, tx, 5)
	require.NoError(t, tx.Commit())
	require.NoError(t, <-saved)
	at, err := s.LoadCheckpoint(t.Context(), orders())
	require.NoError(t, err)
	require.Equal(t, eventcore.NewPosition(0, 5), at)
}
