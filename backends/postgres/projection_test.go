package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/statetest"
)

func TestAProjectionThatSavesInItsTransactionAppliesEachEventOnce(t *testing.T) {
	s, conn := readModel(t)
	apply := func(ctx context.Context, subscription eventcore.SubscriptionID, at eventcore.Position, abandon error) error {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
		_, n := at.Parts()
		if _, err := tx.Exec(ctx, "INSERT INTO applied VALUES ($1)", n); err != nil {
			return err
		}
		if _, err := s.SaveCheckpointTx(ctx, tx, subscription, at); err != nil {
			return err
		}
		if abandon != nil {
			return abandon
		}
		return tx.Commit(ctx)
	}
	statetest.AppliesEachEventOnce(t, statetest.ReadModel{
		Store: s, Apply: apply,
		Applied: func(ctx context.Context) ([]uint64, error) {
			rows, err := conn.Query(ctx, "SELECT position FROM applied ORDER BY ctid")
			require.NoError(t, err)
			return pgx.CollectRows(rows, pgx.RowTo[uint64])
		},
	})
}
