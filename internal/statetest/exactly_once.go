package statetest

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/ledger"
)

// ProjectionStore is what a projection needs.
type ProjectionStore interface {
	eventcore.Store
	eventcore.AllReader
	eventcore.CheckpointStore
	eventcore.Coordinator
}

// ReadModel is a table in the database of a store, which is empty at first.
type ReadModel struct {
	Store ProjectionStore
	// Apply puts the number of a position into the table and saves the checkpoint, in one
	// transaction. It commits, unless abandon says why it must roll back and return that.
	Apply func(ctx context.Context, subscription eventcore.SubscriptionID, at eventcore.Position, abandon error) error
	// Applied returns what is in the table, in the order in which it was put there.
	Applied func(ctx context.Context) ([]uint64, error)
}

const (
	// projected is how many events there are to apply. Every third attempt is rolled back,
	// every fifth commits and fails all the same, as where the answer is lost.
	projected      = 60
	rolledBackEach = 3
	lostEach       = 5
	// fewestRuns is how often the projection must have begun anew.
	fewestRuns = 10
)

var (
	errRolledBack = errors.New("rolled back")
	errAnswerLost = errors.New("the answer is lost")
)

// AppliesEachEventOnce runs a projection through rollbacks and lost answers until it has
// come to the end of the log, and then looks that each event was applied exactly once, in
// order, but for one that cannot be decoded and is skipped.
func AppliesEachEventOnce(t *testing.T, model ReadModel) {
	t.Helper()
	ledger.Append(t, model.Store, 0, projected, eventcore.MustStreamID("a"))
	var w eventcore.Writes
	err := errors.Join(w.Expect(eventcore.MustStreamID("b"), 0), w.Append(eventcore.MustStreamID("b"), ledger.Event("poison", "1")))
	if err == nil {
		_, err = model.Store.Append(t.Context(), w)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &exact{ReadModel: model}
	runs, skipped, err := p.runs(t.Context())
	if err != nil || runs < fewestRuns || skipped != 1 {
		t.Fatalf("%d runs skipped %d events: %v; want %d runs at least, and 1 event", runs, skipped, err, fewestRuns)
	}
	applied, err := model.Applied(t.Context())
	want := make([]uint64, projected)
	for i := range want {
		want[i] = uint64(i + 1)
	}
	if err != nil || !slices.Equal(applied, want) {
		t.Errorf("got %v applied (%v), want 1 to %d in the order of the log", applied, err, projected)
	}
	at, err := model.Store.LoadCheckpoint(t.Context(), orders())
	if err != nil || at != eventcore.NewPosition(0, projected+1) {
		t.Errorf("the checkpoint is at %v (%v), want the end of the log", at, err)
	}
}

// exact is the projector of a read model.
type exact struct {
	ReadModel
	attempts int
}

// runs begins anew until a run comes to the end of the log.
func (e *exact) runs(ctx context.Context) (runs, skipped int, err error) {
	for {
		runs++
		done, err := eventcore.RunProjection(ctx, e.Store, e, eventcore.WithProjectionCodec(anything{}), eventcore.WithPageSize(7),
			eventcore.WithSubscription(orders()), eventcore.WithCoordinator(e.Store), eventcore.WithProjectionLogger(slog.New(slog.DiscardHandler)),
			eventcore.WithEventStrategies(strategy))
		skipped += done.Skipped
		if !errors.Is(err, errRolledBack) {
			return runs, skipped, err
		}
	}
}

func strategy(f eventcore.EventFailure) eventcore.EventStrategy {
	switch {
	case f.Event.Type == "poison":
		return eventcore.SkipEvent()
	case errors.Is(f.Err, errAnswerLost):
		return eventcore.RetryEvent(eventcore.Fixed(time.Microsecond, 3), eventcore.FatalEvent())
	default:
		return eventcore.FatalEvent() // the run ends, and the next begins where it was
	}
}

// LoadCheckpoint implements [eventcore.CheckpointingProjector].
func (e *exact) LoadCheckpoint(ctx context.Context) (eventcore.Position, error) {
	return e.Store.LoadCheckpoint(ctx, orders())
}

// SkipEvent implements [eventcore.CheckpointingProjector].
func (e *exact) SkipEvent(ctx context.Context, at eventcore.Position) error {
	_, err := e.Store.SaveCheckpoint(ctx, orders(), at)
	return err
}

// Apply implements [eventcore.Projector].
func (e *exact) Apply(ctx context.Context, event eventcore.Event[any]) error {
	e.attempts++
	var abandon error
	if e.attempts%rolledBackEach == 0 {
		abandon = errRolledBack
	}
	err := e.ReadModel.Apply(ctx, orders(), event.Position, abandon)
	if err == nil && e.attempts%lostEach == 0 {
		return errAnswerLost
	}
	return err
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
