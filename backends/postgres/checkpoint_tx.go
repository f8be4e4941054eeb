package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// SaveCheckpointTx is [Store.SaveCheckpoint] as a part of the caller's transaction: what
// the subscription has made of the events and how far it has come are committed together,
// or neither is. So each event is applied exactly once, whenever the process dies.
//
// The transaction is on the database of the store, with the same search path. Until it
// ends, other saves for the subscription wait, that of the store too when it is called
// meanwhile by the same goroutine, and nobody else sees the position that is returned. It is
// safe to call as long as tx is.
func (s *Store) SaveCheckpointTx(
	ctx context.Context, tx pgx.Tx, subscription eventcore.SubscriptionID, at eventcore.Position,
) (eventcore.Position, error) {
	err := refuses(ctx, subscription)
	var then eventcore.Position
	if err == nil {
		then, err = position(tx.QueryRow(ctx, saveCheckpoint, subscription.String(), stored(at)))
	}
	if err != nil {
		return eventcore.Position{}, &eventcore.StoreFailure{Operation: eventcore.OpSaveCheckpoint, Err: because(ctx, err)}
	}
	return then, nil
}

// LoadCheckpointTx is [Store.LoadCheckpoint] as a part of the caller's transaction, which
// sees what it has saved itself. See [Store.SaveCheckpointTx].
func (s *Store) LoadCheckpointTx(ctx context.Context, tx pgx.Tx, subscription eventcore.SubscriptionID) (eventcore.Position, error) {
	err := refuses(ctx, subscription)
	var at eventcore.Position
	if err == nil {
		at, err = position(tx.QueryRow(ctx, loadCheckpoint, subscription.String()))
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return eventcore.Position{}, nil
	}
	if err != nil {
		return eventcore.Position{}, &eventcore.StoreFailure{Operation: eventcore.OpLoadCheckpoint, Err: because(ctx, err)}
	}
	return at, nil
}
