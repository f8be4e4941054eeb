package eventcore_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"iter"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/eventcoretest"
)

var sums = eventcore.MustSubscriptionID("sums")

// bankStore is a store with deposits on an account.
func bankStore(t *testing.T, events int) *memory.Store {
	t.Helper()
	store, ids := memory.New(memory.Config{}), newIDs()
	for range events {
		record(t, t.Context(), store, ids, eventcore.MustStreamID("account"), "deposited", `{"amount":5}`)
	}
	return store
}

func bankOptions(t *testing.T, more ...eventcore.ProjectionOption) []eventcore.ProjectionOption {
	t.Helper()
	return append([]eventcore.ProjectionOption{
		eventcore.WithProjectionCodec(bankRegistry(t)), eventcore.WithSubscription(sums), eventcore.WithProjectionLogger(silent),
		eventcore.WithProjectionClock(newVirtualClock()), eventcore.WithProjectionRandom(fixedRandom()),
	}, more...)
}

func TestProjectionResumesWhereTheLastRunEnded(t *testing.T) {
	store, collector := bankStore(t, 7), &eventcoretest.Collector[bankEvent]{}
	options := bankOptions(t, eventcore.WithCheckpoints(store), eventcore.WithPageSize(3))
	result, err := eventcore.RunProjection(t.Context(), store, collector, options...)
	require.NoError(t, err)
	require.Equal(t, 7, result.Applied)
	record(t, t.Context(), store, newIDs(), eventcore.MustStreamID("other"), "withdrawn", `{"amount":1}`)
	result, err = eventcore.RunProjection(t.Context(), store, collector, options...)
	require.NoError(t, err)
	require.Equal(t, 1, result.Applied)
	require.Equal(t, bankEvent(withdrawn{1}), collector.Payloads()[7])
	require.Len(t, collector.Events(), 8)
	require.Equal(t, result.Checkpoint, collector.Positions()[7])
}

// openReader says when a read of it is open.
type openReader struct {
	eventcore.AllReader
	open bool
}

func (r *openReader) ReadAll(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		r.open = true
		defer func() { r.open = false }()
		r.AllReader.ReadAll(ctx, f, after, limit)(yield)
	}
}

func TestNoReadIsOpenWhileAnEventIsApplied(t *testing.T) {
	reader, applied := &openReader{AllReader: bankStore(t, 5)}, 0
	projector := eventcore.ProjectorFunc[bankEvent](func(context.Context, eventcore.Event[bankEvent]) error {
		require.False(t, reader.open)
		applied++
		return nil
	})
	_, err := eventcore.RunProjection(t.Context(), reader, projector, bankOptions(t, eventcore.WithStart(eventcore.Position{}))...)
	require.NoError(t, err)
	require.Equal(t, 5, applied)
}

func TestCancelledProjectionSavesWhatWasApplied(t *testing.T) {
	store := bankStore(t, 5)
	reason := errors.New("the operator said so")
	ctx, cancel := context.WithCancelCause(t.Context())
	n := 0
	projector := eventcore.ProjectorFunc[bankEvent](func(ctx context.Context, _ eventcore.Event[bankEvent]) error {
		if n++; n == 3 {
			cancel(reason)
			return ctx.Err()
		}
		return nil
	})
	result, err := eventcore.RunProjection(ctx, store, projector,
		bankOptions(t, eventcore.WithCheckpoints(store), eventcore.WithCheckpointEachPage(), eventcore.WithCoordinator(store))...)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, reason)
	require.Equal(t, eventcore.Projected{Position: eventcore.NewPosition(0, 2), Checkpoint: eventcore.NewPosition(0, 2), Applied: 2}, result)
	saved, err := store.LoadCheckpoint(t.Context(), sums)
	require.NoError(t, err)
	require.Equal(t, result.Position, saved)
	_, err = store.TryAcquire(t.Context(), sums)
	require.NoError(t, err, "the lease is released")
}

func TestCancelledProjectionAppliesNoFurtherEvent(t *testing.T) {
	store := bankStore(t, 5)
	ctx, cancel := context.WithCancel(t.Context())
	applied := 0
	heedless := eventcore.ProjectorFunc[bankEvent](func(context.Context, eventcore.Event[bankEvent]) error {
		if applied++; applied == 2 {
			cancel()
		}
		return nil
	})
	result, err := eventcore.RunProjection(ctx, store, heedless, bankOptions(t, eventcore.WithStart(eventcore.Position{}))...)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 2, applied)
	require.Equal(t, eventcore.Projected{Position: eventcore.NewPosition(0, 2), Applied: 2}, result)
}

// silentReader ends its sequence without an error when its context is done.
type silentReader struct{ eventcore.AllReader }

func (r silentReader) ReadAll(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		for e, err := range r.AllReader.ReadAll(ctx, f, after, limit) {
			if err != nil || !yield(e, nil) {
				return
			}
		}
	}
}

func TestReadThatIsCancelledDoesNotPassForTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader := &openReader{AllReader: silentReader{bankStore(t, 1)}}
	hook := eventcore.ProjectorFunc[bankEvent](func(context.Context, eventcore.Event[bankEvent]) error { return nil })
	// The second read, which finds the end, is cancelled when it begins.
	reads := 0
	counting := readHook{reader, func() {
		if reads++; reads == 2 {
			cancel()
		}
	}}
	_, err := eventcore.RunProjection(ctx, counting, hook, bankOptions(t, eventcore.WithStart(eventcore.Position{}))...)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 2, reads)
}

type readHook struct {
	eventcore.AllReader
	before func()
}

func (r readHook) ReadAll(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		r.before()
		r.AllReader.ReadAll(ctx, f, after, limit)(yield)
	}
}

func TestPanicOfAProjectorReleasesTheLeaseAndGoesOn(t *testing.T) {
	store := bankStore(t, 1)
	projector := eventcore.ProjectorFunc[bankEvent](func(ctx context.Context, _ eventcore.Event[bankEvent]) error {
		token, ok := eventcore.FencingToken(ctx)
		require.True(t, ok)
		require.Equal(t, uint64(1), token)
		panic("boom")
	})
	require.PanicsWithValue(t, "boom", func() {
		_, _ = eventcore.RunProjection(t.Context(), store, projector,
			bankOptions(t, eventcore.WithStart(eventcore.Position{}), eventcore.WithCoordinator(store))...)
	})
	lease, err := store.TryAcquire(t.Context(), sums)
	require.NoError(t, err)
	require.Equal(t, uint64(2), lease.Token())
	_, ok := eventcore.FencingToken(t.Context())
	require.False(t, ok)
}

// strictCoordinator has leases that are not released where the context is done, or not at all.
type strictCoordinator struct {
	eventcore.Coordinator
	fails error
}

type strictLease struct {
	eventcore.Lease
	fails error
}

func (c strictCoordinator) TryAcquire(ctx context.Context, id eventcore.SubscriptionID) (eventcore.Lease, error) {
	lease, err := c.Coordinator.TryAcquire(ctx, id)
	return strictLease{lease, c.fails}, err
}

func (l strictLease) Release(ctx context.Context) error {
	if err := cmp.Or(l.fails, ctx.Err()); err != nil {
		return err
	}
	return l.Lease.Release(ctx)
}

func TestLeaseIsReleasedByAPanicAfterTheContextHasEnded(t *testing.T) {
	store := bankStore(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	projector := eventcore.ProjectorFunc[bankEvent](func(context.Context, eventcore.Event[bankEvent]) error {
		cancel()
		panic("boom")
	})
	require.PanicsWithValue(t, "boom", func() {
		_, _ = eventcore.RunProjection(ctx, store, projector,
			bankOptions(t, eventcore.WithStart(eventcore.Position{}), eventcore.WithCoordinator(strictCoordinator{store, nil}))...)
	})
	_, err := store.TryAcquire(t.Context(), sums)
	require.NoError(t, err)
}

func TestLeaseThatAPanicCannotReleaseIsNoticed(t *testing.T) {
	store, stuck := bankStore(t, 1), errors.New("stuck")
	projector := eventcore.ProjectorFunc[bankEvent](func(context.Context, eventcore.Event[bankEvent]) error { panic("boom") })
	var notices []eventcore.ProjectionNotice
	require.PanicsWithValue(t, "boom", func() {
		_, _ = eventcore.RunProjection(t.Context(), store, projector, bankOptions(t,
			eventcore.WithStart(eventcore.Position{}), eventcore.WithCoordinator(strictCoordinator{store, stuck}),
			eventcore.OnNotice(func(n eventcore.ProjectionNotice) { notices = append(notices, n) }))...)
	})
	require.Len(t, notices, 2)
	require.Equal(t, eventcore.ProjectionNotice{Kind: eventcore.NoticeReleaseFailed, Err: stuck, Token: 1}, notices[1])
}

// slowCheckpoints save nothing until their context ends.
type slowCheckpoints struct{ eventcore.CheckpointStore }

func (slowCheckpoints) SaveCheckpoint(ctx context.Context, _ eventcore.SubscriptionID, _ eventcore.Position) (eventcore.Position, error) {
	<-ctx.Done()
	return eventcore.Position{}, ctx.Err()
}

func TestLastSaveIsBoundedInTime(t *testing.T) {
	store := bankStore(t, 2)
	ctx, cancel := context.WithCancel(t.Context())
	projector := eventcore.ProjectorFunc[bankEvent](func(context.Context, eventcore.Event[bankEvent]) error {
		cancel()
		return nil
	})
	result, err := eventcore.RunProjection(ctx, store, projector,
		bankOptions(t, eventcore.WithCheckpoints(slowCheckpoints{store}), eventcore.WithStopTimeout(time.Millisecond))...)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, eventcore.Projected{Position: eventcore.NewPosition(0, 1), Applied: 1}, result)
}

func TestStrategyIsChosenByTheFailure(t *testing.T) {
	store := bankStore(t, 1)
	record(t, t.Context(), store, newIDs(), eventcore.MustStreamID("sky"), "weather", `{"rain":true}`)
	record(t, t.Context(), store, newIDs(), eventcore.MustStreamID("sky"), "renamed", `{}`)
	record(t, t.Context(), store, newIDs(), eventcore.MustStreamID("account"), "deposited", `{"amount":7}`)
	refused := errors.New("no sevens")
	collector := &eventcoretest.Collector[bankEvent]{Refuse: func(e eventcore.Event[bankEvent]) error {
		if e.Payload.change() == 7 {
			return refused
		}
		return nil
	}}
	var log bytes.Buffer
	var notices []eventcore.NoticeKind
	result, err := eventcore.RunProjection(t.Context(), store, collector, bankOptions(t,
		eventcore.WithCheckpoints(store),
		eventcore.WithEventStrategies(func(f eventcore.EventFailure) eventcore.EventStrategy {
			if is[*eventcore.DeserializationFailed](f.Err) {
				return eventcore.SkipEvent()
			}
			if f.Attempt > 1 {
				return eventcore.FatalEvent()
			}
			return eventcore.RetryEvent(eventcore.Fixed(time.Second, eventcore.Unlimited), eventcore.SkipEvent())
		}),
		eventcore.OnNotice(func(n eventcore.ProjectionNotice) { notices = append(notices, n.Kind) }),
		eventcore.WithProjectionLogger(slog.New(slog.NewTextHandler(&log, nil))))...)
	require.ErrorIs(t, err, refused)
	failure, ok := errors.AsType[*eventcore.EventFailure](err)
	require.True(t, ok)
	require.Equal(t, 2, failure.Attempt)
	require.Equal(t, eventcore.NewPosition(0, 4), failure.Event.Position)
	require.Equal(t, eventcore.Projected{
		Position: eventcore.NewPosition(0, 3), Checkpoint: eventcore.NewPosition(0, 3), Applied: 1, Skipped: 2, Retried: 1,
	}, result)
	require.Equal(t, []eventcore.NoticeKind{
		eventcore.NoticeSkipped, eventcore.NoticeSkipped, eventcore.NoticeEventRetry, eventcore.NoticeStopped,
	}, notices)
	require.Equal(t, `time=2020-01-01T00:00:00.000Z level=ERROR msg="projection: event skipped" subscription=sums position=1 `+
		`event.position=2 event.stream=sky event.version=1 event.type=weather attempt=1 `+
		`error="decode event 1 of stream \"sky\", of type \"weather\": it is a eventcore_test.weather, not a eventcore_test.bankEvent"`+"\n"+
		`time=2020-01-01T00:00:00.000Z level=ERROR msg="projection: event skipped" subscription=sums position=2 `+
		`event.position=3 event.stream=sky event.version=2 event.type=renamed attempt=1 `+
		`error="decode event 2 of stream \"sky\", of type \"renamed\": type name \"renamed\" is not registered; add its type with eventcore.Register"`+"\n"+
		`time=2020-01-01T00:00:00.000Z level=WARN msg="projection: event tried again" subscription=sums position=3 `+
		`event.position=4 event.stream=account event.version=2 event.type=deposited attempt=1 delay=1s error="no sevens"`+"\n"+
		`time=2020-01-01T00:00:01.000Z level=ERROR msg="projection: stopped" subscription=sums position=3 `+
		`error="project event 2 of stream \"account\" at position 4 (attempt 2): no sevens"`+"\n", log.String())
}

func TestTwoProjectionsWithoutALeaderNoticeEachOther(t *testing.T) {
	store := bankStore(t, 3)
	other := eventcore.ProjectorFunc[bankEvent](func(ctx context.Context, e eventcore.Event[bankEvent]) error {
		if e.Position == eventcore.NewPosition(0, 2) {
			_, err := eventcore.RunProjection(ctx, store, &eventcoretest.Collector[bankEvent]{}, bankOptions(t, eventcore.WithCheckpoints(store))...)
			return err
		}
		return nil
	})
	_, err := eventcore.RunProjection(t.Context(), store, other, bankOptions(t, eventcore.WithCheckpoints(store))...)
	require.ErrorIs(t, err, eventcore.ErrCheckpointMoved)
}

func TestSecondProjectionOfALeaderDoesNotBegin(t *testing.T) {
	store, second := bankStore(t, 3), &eventcoretest.Collector[bankEvent]{}
	leader := eventcore.ProjectorFunc[bankEvent](func(ctx context.Context, _ eventcore.Event[bankEvent]) error {
		_, err := eventcore.RunProjection(ctx, store, second,
			bankOptions(t, eventcore.WithStart(eventcore.Position{}), eventcore.WithCoordinator(store))...)
		return err
	})
	_, err := eventcore.RunProjection(t.Context(), store, leader,
		bankOptions(t, eventcore.WithStart(eventcore.Position{}), eventcore.WithCoordinator(store))...)
	require.ErrorIs(t, err, eventcore.ErrLeaseHeld)
	require.Empty(t, second.Events())
}
