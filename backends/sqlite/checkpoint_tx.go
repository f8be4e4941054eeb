package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// SaveCheckpointTx is [Store.SaveCheckpoint] as a part of the caller's transaction: what
// the subscription has made of the events and how far it has come are committed together,
// or neither is. So each event is applied exactly once, whenever the process dies.
//
// The transaction is on the database file of the store, through a [sql.DB] of the
// caller's. It should begin with the write lock, as with _txlock=immediate in the
// driver's name of the database: one that reads first is refused when it comes to write
// after another one has. As long as it is open, all other writes to the file wait; the
// store's own, called meanwhile by the same goroutine, would wait in vain.
//
// Until the transaction is committed nobody else sees the position that is returned. It
// is safe to call as long as tx is.
func (s *Store) SaveCheckpointTx(
	ctx context.Context, tx *sql.Tx, subscription eventcore.SubscriptionID, at eventcore.Position,
) (eventcore.Position, error) {
	then, err := positionTx(ctx, tx, subscription, saveCheckpoint, subscription.String(), stored(at))
	if err != nil {
		return eventcore.Position{}, &eventcore.StoreFailure{Operation: eventcore.OpSaveCheckpoint, Err: err}
	}
	return then, nil
}

// LoadCheckpointTx is [Store.LoadCheckpoint] as a part of the caller's transaction, which
// sees what it has saved itself. See [Store.SaveCheckpointTx].
func (s *Store) LoadCheckpointTx(ctx context.Context, tx *sql.Tx, subscription eventcore.SubscriptionID) (eventcore.Position, error) {
	at, err := positionTx(ctx, tx, subscription, loadCheckpoint, subscription.String())
	if errors.Is(err, sql.ErrNoRows) {
		return eventcore.Position{}, nil
	}
	if err != nil {
		return eventcore.Position{}, &eventcore.StoreFailure{Operation: eventcore.OpLoadCheckpoint, Err: err}
	}
	return at, nil
}

// positionTx runs a query for one position.
func positionTx(ctx context.Context, tx *sql.Tx, subscription eventcore.SubscriptionID, query string, args ...any) (eventcore.Position, error) {
	if err := refuses(ctx, subscription); err != nil {
		return eventcore.Position{}, err
	}
	var bytes []byte
	if err := tx.QueryRowContext(ctx, query, args...).Scan(&bytes); err != nil {
		return eventcore.Position{}, err
	}
	return loaded(bytes)
}
