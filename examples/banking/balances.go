package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const balancesTable = `CREATE TABLE IF NOT EXISTS balances (account TEXT PRIMARY KEY, cents INTEGER NOT NULL) STRICT`

// balances is a read model in the database of the events. What an event changes and how far
// the projection has come are committed together: each event counts exactly once, whenever
// the process dies.
type balances struct {
	store        *sqlite.Store
	db           *sql.DB
	subscription eventcore.SubscriptionID
	// at is the position of the last event that was committed.
	at eventcore.Position
}

// LoadCheckpoint implements [eventcore.CheckpointingProjector].
func (b *balances) LoadCheckpoint(ctx context.Context) (eventcore.Position, error) {
	at, err := b.store.LoadCheckpoint(ctx, b.subscription)
	b.at = at
	return at, err
}

// Apply implements [eventcore.Projector].
func (b *balances) Apply(ctx context.Context, event eventcore.Event[change]) error {
	return b.commit(ctx, event.Position, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO balances VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET cents = cents + excluded.cents`,
			event.Stream.String(), event.Payload.cents())
		return err
	})
}

// SkipEvent implements [eventcore.CheckpointingProjector].
func (b *balances) SkipEvent(ctx context.Context, at eventcore.Position) error {
	return b.commit(ctx, at, func(*sql.Tx) error { return nil })
}

var errOvertaken = errors.New("another process projects too")

// commit commits a change together with the position behind it.
func (b *balances) commit(ctx context.Context, at eventcore.Position, change func(*sql.Tx) error) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	before, err := b.store.LoadCheckpointTx(ctx, tx, b.subscription)
	switch {
	case err != nil:
		return err
	case before != b.at:
		return fmt.Errorf("the checkpoint is at %s and not at %s: %w", before, b.at, errOvertaken)
	}
	if _, err := b.store.SaveCheckpointTx(ctx, tx, b.subscription, at); err != nil {
		return err
	}
	if err := change(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	b.at = at
	return nil
}
