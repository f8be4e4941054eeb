package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const (
	loadCheckpoint = "SELECT position FROM eventcore_checkpoints WHERE subscription = ?"
	// max compares the bytes.
	saveCheckpoint = `INSERT INTO eventcore_checkpoints (subscription, position) VALUES (?, ?)
ON CONFLICT (subscription) DO UPDATE SET position = max(position, excluded.position) RETURNING position`
)

// errNoSubscription refuses the zero ID.
var errNoSubscription = errors.New("the subscription ID is empty; make one with ParseSubscriptionID")

// LoadCheckpoint implements [eventcore.CheckpointStore].
func (s *Store) LoadCheckpoint(ctx context.Context, subscription eventcore.SubscriptionID) (eventcore.Position, error) {
	if err := refuses(ctx, subscription); err != nil {
		return eventcore.Position{}, &eventcore.StoreFailure{Operation: eventcore.OpLoadCheckpoint, Err: err}
	}
	var at eventcore.Position
	err := s.look(ctx, eventcore.OpLoadCheckpoint, func(on *session) (err error) {
		at, err = on.position(ctx, loadCheckpoint, subscription.String())
		return err
	})
	if err != nil {
		return eventcore.Position{}, err
	}
	return at, nil
}

// SaveCheckpoint implements [eventcore.CheckpointStore]. It takes its turn among the
// appends, and is as durable. The outcome of a failure tells whether it moved.
//
// Where what the subscription makes of the events is in the same database, save the
// checkpoint with [Store.SaveCheckpointTx] instead: both are there then, or none.
func (s *Store) SaveCheckpoint(ctx context.Context, subscription eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	if err := refuses(ctx, subscription); err != nil {
		return eventcore.Position{}, &eventcore.StoreFailure{
			Operation: eventcore.OpSaveCheckpoint, Outcome: eventcore.OutcomeNotApplied, Err: err,
		}
	}
	var then eventcore.Position
	err := s.change(ctx, eventcore.OpSaveCheckpoint, func(on *session) (err error) {
		then, err = on.position(ctx, saveCheckpoint, subscription.String(), stored(at))
		return err
	})
	if err != nil {
		return eventcore.Position{}, err
	}
	return then, nil
}

// refuses says why nothing can be done for the subscription.
func refuses(ctx context.Context, subscription eventcore.SubscriptionID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if subscription.IsZero() {
		return errNoSubscription
	}
	return nil
}

// stored returns a position as it is stored: in the order of its bytes, since the
// database has no unsigned numbers.
func stored(at eventcore.Position) []byte {
	hi, lo := at.Parts()
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, hi), lo)
}

// positionBytes is the length of a position as it is stored.
const positionBytes = 16

// loaded is the inverse of stored.
func loaded(bytes []byte) (eventcore.Position, error) {
	if len(bytes) != positionBytes {
		return eventcore.Position{}, fmt.Errorf("a checkpoint has %d bytes, not %d", len(bytes), positionBytes)
	}
	return eventcore.NewPosition(binary.BigEndian.Uint64(bytes), binary.BigEndian.Uint64(bytes[8:])), nil
}

// position runs a query for one position, the zero one where there is no row.
func (s *session) position(ctx context.Context, query string, args ...sqldriver.Value) (at eventcore.Position, err error) {
	err = s.query(ctx, query, args, func(row []sqldriver.Value) (bool, error) {
		bytes, ok := row[0].([]byte)
		if !ok {
			return false, fmt.Errorf("a checkpoint is a %T, not bytes", row[0])
		}
		at, err = loaded(bytes)
		return false, err
	})
	return at, err
}
