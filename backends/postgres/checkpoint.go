package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const (
	loadCheckpoint = "SELECT position FROM eventcore_checkpoints WHERE subscription = $1"
	saveCheckpoint = `INSERT INTO eventcore_checkpoints AS c (subscription, position) VALUES ($1, $2)
ON CONFLICT (subscription) DO UPDATE SET position = greatest(c.position, excluded.position) RETURNING position`
)

// errNoSubscription refuses the zero ID.
var errNoSubscription = errors.New("the subscription ID is empty; make one with ParseSubscriptionID")

// LoadCheckpoint implements [eventcore.CheckpointStore].
func (s *Store) LoadCheckpoint(ctx context.Context, subscription eventcore.SubscriptionID) (eventcore.Position, error) {
	err := refuses(ctx, subscription)
	var at eventcore.Position
	if err == nil {
		err = s.withConn(ctx, func(conn *pgxpool.Conn) error {
			at, err = position(conn.QueryRow(ctx, loadCheckpoint, subscription.String()))
			return err
		})
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return eventcore.Position{}, nil
	}
	if err != nil {
		return eventcore.Position{}, &eventcore.StoreFailure{Operation: eventcore.OpLoadCheckpoint, Err: because(ctx, err)}
	}
	return at, nil
}

// SaveCheckpoint implements [eventcore.CheckpointStore]. It takes one round trip, and is
// as durable as an append. The outcome of a failure tells whether it moved.
//
// Where what the subscription makes of the events is in the same database, save the
// checkpoint with [Store.SaveCheckpointTx] instead: both are there then, or none.
func (s *Store) SaveCheckpoint(ctx context.Context, subscription eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	if err := refuses(ctx, subscription); err != nil {
		return eventcore.Position{}, notDone(eventcore.OpSaveCheckpoint, err)
	}
	var then eventcore.Position
	err := s.withConn(ctx, func(conn *pgxpool.Conn) error {
		return again(ctx, func() (err error) {
			then, err = position(conn.QueryRow(ctx, saveCheckpoint, subscription.String(), stored(at)))
			return err
		})
	})
	if err != nil {
		return eventcore.Position{}, changeFailed(ctx, eventcore.OpSaveCheckpoint, err)
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

// withConn calls do with a connection of the pool.
func (s *Store) withConn(ctx context.Context, do func(conn *pgxpool.Conn) error) error {
	conn, err := s.acquire(ctx)
	if err != nil {
		return &notSent{err}
	}
	defer conn.Release()
	return do(conn)
}

// notSent is why nothing was sent to the server.
type notSent struct{ error }

func (e *notSent) Unwrap() error { return e.error }

// again calls try until it does not fail because of another transaction, as happens with
// stricter isolation levels only. Each time another one was committed instead.
func again(ctx context.Context, try func() error) error {
	for {
		err := try()
		if !hasCode(err, serializationFailure) && !hasCode(err, deadlockDetected) || ctx.Err() != nil {
			return err
		}
	}
}

// changeFailed is the failure of a change whose statements may have been on their way.
func changeFailed(ctx context.Context, op eventcore.Operation, err error) error {
	outcome := eventcore.OutcomeUnknown
	refused, answered := errors.AsType[*pgconn.PgError](err)
	_, unsent := errors.AsType[*notSent](err)
	if unsent || pgconn.SafeToRetry(err) || answered && rolledBack(refused) {
		outcome = eventcore.OutcomeNotApplied
	}
	return &eventcore.StoreFailure{Operation: op, Outcome: outcome, Err: because(ctx, err)}
}

// notDone is the failure of a change that came to nothing.
func notDone(op eventcore.Operation, err error) error {
	return &eventcore.StoreFailure{Operation: op, Outcome: eventcore.OutcomeNotApplied, Err: err}
}

// stored returns a position as it is stored.
func stored(at eventcore.Position) []byte {
	hi, lo := at.Parts()
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, hi), lo)
}

// positionBytes is the length of a position as it is stored.
const positionBytes = 16

// position reads a row of one position.
func position(row pgx.Row) (eventcore.Position, error) {
	var bytes []byte
	if err := row.Scan(&bytes); err != nil {
		return eventcore.Position{}, err
	}
	if len(bytes) != positionBytes {
		return eventcore.Position{}, fmt.Errorf("a checkpoint has %d bytes, not %d", len(bytes), positionBytes)
	}
	return eventcore.NewPosition(binary.BigEndian.Uint64(bytes), binary.BigEndian.Uint64(bytes[8:])), nil
}
