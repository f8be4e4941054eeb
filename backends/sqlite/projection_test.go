package sqlite_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// exact is a read model that commits what it makes of an event together with its place.
type exact struct {
	store *sqlite.Store
	db    *sql.DB
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
	tx, err := e.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	_, n := event.Position.Parts()
	if _, err := tx.ExecContext(ctx, "INSERT INTO applied VALUES (?)", n); err != nil {
		return err
	}
	if _, err := e.store.SaveCheckpointTx(ctx, tx, orders(), event.Position); err != nil {
		return err
	}
	if e.attempts%3 == 0 {
		return errors.New("rolled back")
	}
	if err := tx.Commit(); err != nil {
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
	s, db := readModel(t)
	const events = 60
	appendTo(t, s, 0, events, eventcore.MustStreamID("a"))
	var w eventcore.Writes
	require.NoError(t, w.Expect(eventcore.MustStreamID("b"), 0))
	require.NoError(t, w.Append(eventcore.MustStreamID("b"), proposed("poison", "1")))
	_, err := s.Append(t.Context(), w)
	require.NoError(t, err)
	model := &exact{store: s, db: db}
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
	require.Equal(t, events, applied(t, db))
	rows, err := db.QueryContext(t.Context(), "SELECT position FROM applied ORDER BY rowid")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for want := 1; rows.Next(); want++ {
		var got int
		require.NoError(t, rows.Scan(&got))
		require.Equal(t, want, got, "in the order of the log")
	}
	require.NoError(t, rows.Err())
	at, err := s.LoadCheckpoint(t.Context(), orders())
	require.NoError(t, err)
	require.Equal(t, eventcore.NewPosition(0, events+1), at)
}
