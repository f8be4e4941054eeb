package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// exact is a read model that commits what it makes of an event together with its place.
type exact struct {
	store *postgres.Store
	conn  *pgx.Conn
	// attempts counts them; every third is rolled back, every fifth commits and fails all
	// the same, as where the answer is lost.
	attempts int
}

var errAnswerLost = errors.New("the answer is lost")

// LoadCheckpoint implements [eventcore.CheckpointingProjector].
func (e *exact) LoadCheckpoint(ctx context.Context) (eventcore.Position, error) {
	return e.store.LoadCheckpoint(ctx, orders())
}

// SkipEvent implements [eventcore.CheckpointingProjector].
func (e *exact) SkipEvent(ctx context.Context, at eventcore.Position) error {
	_, err := e.store.SaveCheckpoint(ctx, orders(), at)
	return err
}

// Apply implements [eventcore.Projector].
func (e *exact) Apply(ctx context.Context, event eventcore.Event[any]) error {
	e.attempts++
	tx, err := e.conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	_, n := event.Position.Parts()
	if _, err := tx.Exec(ctx, "INSERT INTO applied VALUES ($1)", n); err != nil {
		return err
	}
	if _, err := e.store.SaveCheckpointTx(ctx, tx, orders(), event.Position); err != nil {
		return err
	}
	if e.attempts%3 == 0 {
		return errors.New("rolled back")
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	if e.attempts%5 == 0 {
		return errAnswerLost
	}
	return nil
}

// anything decodes every event as its data, but for those of type "poison".
type anything struct{}

func (anything) Encode(any) (string, json.RawMessage, error) { return "", nil, errors.New("unused") }

func (anything) Decode(typeName string, data json.RawMessage) (any, error) {
	if typeName == "poison" {
		return nil, errors.New("a type of a later version")
	}
	return data, nil
}

func TestAProjectionThatSavesInItsTransactionAppliesEachEventOnce(t *testing.T) {
	s, conn := readModel(t)
	const events = 60
	appendTo(t, s, 0, events, eventcore.MustStreamID("a"))
	var w eventcore.Writes
	require.NoError(t, w.Expect(eventcore.MustStreamID("b"), 0))
	require.NoError(t, w.Append(eventcore.MustStreamID("b"), proposed("poison", "1")))
	_, err := s.Append(t.Context(), w)
	require.NoError(t, err)
	model := &exact{store: s, conn: conn}
	runs, skipped := 0, 0
	for {
		runs++
		done, err := eventcore.RunProjection(t.Context(), s, model, eventcore.WithProjectionCodec(anything{}), eventcore.WithPageSize(7),
			eventcore.WithSubscription(orders()), eventcore.WithCoordinator(s), eventcore.WithProjectionLogger(slog.New(slog.DiscardHandler)),
			eventcore.WithEventStrategies(func(f eventcore.EventFailure) eventcore.EventStrategy {
				switch {
				case f.Event.Type == "poison":
					return eventcore.SkipEvent()
				case errors.Is(f.Err, errAnswerLost):
					return eventcore.RetryEvent(eventcore.Fixed(time.Microsecond, 3), eventcore.FatalEvent())
				default:
					return eventcore.FatalEvent() // the run ends, and the next begins where it was
				}
			}))
		skipped += done.Skipped
		if err == nil {
			break
		}
		require.ErrorContains(t, err, "rolled back")
	}
	require.Greater(t, runs, 10)
	require.Equal(t, 1, skipped)
	rows, err := conn.Query(t.Context(), "SELECT position FROM applied ORDER BY ctid")
	require.NoError(t, err)
	got, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(t, err)
	require.Len(t, got, events)
	for i, n := range got {
		require.Equal(t, i+1, n, "in the order of the log")
	}
	at, err := s.LoadCheckpoint(t.Context(), orders())
	require.NoError(t, err)
	require.Equal(t, eventcore.NewPosition(0, events+1), at)
}
