package sqlite_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/statetest"
)

func TestAProjectionThatSavesInItsTransactionAppliesEachEventOnce(t *testing.T) {
	s, db := readModel(t)
	apply := func(ctx context.Context, subscription eventcore.SubscriptionID, at eventcore.Position, abandon error) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		_, n := at.Parts()
		if _, err := tx.ExecContext(ctx, "INSERT INTO applied VALUES (?)", n); err != nil {
			return err
		}
		if _, err := s.SaveCheckpointTx(ctx, tx, subscription, at); err != nil {
			return err
		}
		if abandon != nil {
			return abandon
		}
		return tx.Commit()
	}
	statetest.AppliesEachEventOnce(t, statetest.ReadModel{
		Store: s, Apply: apply,
		Applied: func(ctx context.Context) (all []uint64, err error) {
			rows, err := db.QueryContext(ctx, "SELECT position FROM applied ORDER BY rowid")
			require.NoError(t, err)
			defer func() { require.NoError(t, rows.Close()) }()
			for rows.Next() {
				var n uint64
				require.NoError(t, rows.Scan(&n))
				all = append(all, n)
			}
			return all, rows.Err()
		},
	})
}
