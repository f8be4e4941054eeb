package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// readModel is a table in the database of a store.
func readModel(t *testing.T) (s *postgres.Store, conn *pgx.Conn) {
	t.Helper()
	dsn := server.DSN(t)
	s, conn = open(t, dsn, postgres.Config{}), connectTo(t, dsn)
	run(t, conn, "CREATE TABLE applied (position bigint NOT NULL)")
	return s, conn
}

func begin(t *testing.T, conn *pgx.Conn) pgx.Tx {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	return tx
}

// apply does what a projection does with an event.
func apply(t *testing.T, s *postgres.Store, tx pgx.Tx, n uint64) {
	t.Helper()
	_, err := tx.Exec(t.Context(), "INSERT INTO applied VALUES ($1)", n)
	require.NoError(t, err)
	then, err := s.SaveCheckpointTx(t.Context(), tx, orders(), eventcore.NewPosition(0, n))
	require.NoError(t, err)
	require.Equal(t, eventcore.NewPosition(0, n), then)
}

// TestACrashBetweenApplyAndCommitLeavesBothUnchanged applies each event once, though the
// transaction ends without a commit again and again.
func TestACrashBetweenApplyAndCommitLeavesBothUnchanged(t *testing.T) {
	s, conn := readModel(t)
	const events = 12
	for try := uint64(0); ; try++ {
		_, n := loadedFrom(t, s).Parts()
		var applied uint64
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM applied").Scan(&applied))
		require.Equal(t, n, applied, "the read model and the checkpoint differ")
		if n == events {
			require.EqualValues(t, 2*events, try)
			return
		}
		tx := begin(t, conn)
		apply(t, s, tx, n+1)
		if try%2 == 0 {
			require.NoError(t, tx.Rollback(t.Context()))
			continue
		}
		require.NoError(t, tx.Commit(t.Context()))
	}
}

func TestATransactionSeesItsOwnCheckpointAndNobodyElseDoes(t *testing.T) {
	s, conn := readModel(t)
	tx := begin(t, conn)
	at, err := s.LoadCheckpointTx(t.Context(), tx, orders())
	require.NoError(t, err)
	require.Zero(t, at)
	apply(t, s, tx, 5)
	at, err = s.LoadCheckpointTx(t.Context(), tx, orders())
	require.NoError(t, err)
	require.Equal(t, eventcore.NewPosition(0, 5), at)
	require.Zero(t, loadedFrom(t, s))
	require.NoError(t, tx.Commit(t.Context()))
	require.Equal(t, eventcore.NewPosition(0, 5), loadedFrom(t, s))
}

func TestATransactionMovesNoCheckpointBackwards(t *testing.T) {
	s, conn := readModel(t)
	ahead := eventcore.NewPosition(1, 0)
	_, err := s.SaveCheckpoint(t.Context(), orders(), ahead)
	require.NoError(t, err)
	tx := begin(t, conn)
	then, err := s.SaveCheckpointTx(t.Context(), tx, orders(), eventcore.NewPosition(0, 7))
	require.NoError(t, err)
	require.Equal(t, ahead, then, "who saves it can tell that another one is ahead")
	require.NoError(t, tx.Commit(t.Context()))
	require.Equal(t, ahead, loadedFrom(t, s))
}

func TestASaveInATransactionSaysWhatIsWrong(t *testing.T) {
	s, conn := readModel(t)
	tx := begin(t, conn)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.SaveCheckpointTx(ctx, tx, orders(), eventcore.NewPosition(0, 1))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "save checkpoint: ")
	_, err = s.LoadCheckpointTx(t.Context(), tx, eventcore.SubscriptionID{})
	require.ErrorContains(t, err, "load checkpoint: the subscription ID is empty")
	require.NoError(t, tx.Rollback(t.Context()))
	_, err = s.SaveCheckpointTx(t.Context(), tx, orders(), eventcore.NewPosition(0, 1))
	require.ErrorIs(t, err, pgx.ErrTxClosed)
}

// TestASaveWaitsForATransactionThatSaves saves while another one has saved and not yet
// committed a later position.
func TestASaveWaitsForATransactionThatSaves(t *testing.T) {
	s, conn := readModel(t)
	tx := begin(t, conn)
	apply(t, s, tx, 5)
	saved := make(chan eventcore.Position, 1)
	go func() {
		then, err := s.SaveCheckpoint(t.Context(), orders(), eventcore.NewPosition(0, 3))
		if err != nil {
			t.Error(err)
		}
		saved <- then
	}()
	require.NoError(t, tx.Commit(t.Context()))
	require.Equal(t, eventcore.NewPosition(0, 5), <-saved)
}

// TestALostConnectionTellsWhetherACheckpointMoved cuts the wire around a save.
func TestALostConnectionTellsWhetherACheckpointMoved(t *testing.T) {
	w, _, s := wired(t, server.DSN(t), 1)
	require.Zero(t, loadedFrom(t, s))
	w.set(func() error { return errCut }, nil)
	_, err := s.SaveCheckpoint(t.Context(), orders(), eventcore.NewPosition(0, 1))
	w.set(nil, nil)
	require.ErrorIs(t, err, errCut)
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
	require.Zero(t, loadedFrom(t, s))

	w.set(nil, func() error { return errCut })
	_, err = s.SaveCheckpoint(t.Context(), orders(), eventcore.NewPosition(0, 1))
	w.set(nil, nil)
	require.ErrorIs(t, err, errCut)
	require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(err))
}

func TestAClosedStoreKeepsNothing(t *testing.T) {
	s := open(t, server.DSN(t), postgres.Config{})
	require.NoError(t, s.Close())
	_, err := s.SaveCheckpoint(t.Context(), orders(), eventcore.NewPosition(0, 1))
	require.ErrorIs(t, err, postgres.ErrClosed)
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
	_, err = s.TryAcquire(t.Context(), orders())
	require.ErrorIs(t, err, postgres.ErrClosed)
	_, _, err = s.LoadSnapshot(t.Context(), eventcore.SnapshotKey{Name: "a"})
	require.ErrorIs(t, err, postgres.ErrClosed)
}
