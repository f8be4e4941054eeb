package chaos_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

type operation struct {
	name eventcore.Operation
	call func(t testing.TB, store eventcore.Store) (events int, err error)
}

// operations are the calls of a store, on one whose stream a has 20 events.
func operations() []operation {
	return []operation{
		{eventcore.OpAppend, func(t testing.TB, store eventcore.Store) (int, error) {
			_, err := store.Append(t.Context(), batch(t, streamB, 0, 1))
			return 0, err
		}},
		{eventcore.OpReadStream, func(t testing.TB, store eventcore.Store) (int, error) {
			return collect(t, store.ReadStream(t.Context(), streamA, 0))
		}},
		{eventcore.OpReadAll, func(t testing.TB, store eventcore.Store) (int, error) {
			return collect(t, store.(eventcore.AllReader).ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 20))
		}},
	}
}

func contains(ops []eventcore.Operation, op eventcore.Operation) bool {
	return slices.Contains(ops, op)
}

// onReads runs a test for both kinds of reads.
func onReads(t *testing.T, test func(t *testing.T, op operation)) {
	for _, op := range operations()[1:] {
		t.Run(string(op.name), func(t *testing.T) { test(t, op) })
	}
}

func requireFailure(t *testing.T, err error, op eventcore.Operation) *eventcore.StoreFailure {
	t.Helper()
	require.ErrorIs(t, err, chaos.ErrInjected)
	failure, ok := errors.AsType[*eventcore.StoreFailure](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, op, failure.Operation)
	return failure
}

func TestFailBeforeDoesNothing(t *testing.T) {
	inner := fill(t, 20)
	store, injector, _ := inject(t, "fail-before@c0.0 fail-before@c0.1 fail-before@c0.2", inner)
	for _, op := range operations() {
		n, err := op.call(t, store)
		require.Zero(t, n)
		requireFailure(t, err, op.name)
		if op.name == eventcore.OpAppend {
			require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
		}
	}
	require.Zero(t, inner.appends+inner.reads)
	require.Equal(t, 3, injector.Fired(chaos.FailBefore))
}

func TestLostRequestIsUnknownAndNotApplied(t *testing.T) {
	inner := newFake()
	store, injector, _ := inject(t, "lost-request@c0.0", inner)
	result, err := store.Append(t.Context(), batch(t, streamA, 0, 1))
	requireFailure(t, err, eventcore.OpAppend)
	require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(err))
	require.Zero(t, result)
	require.Empty(t, inner.log)
	require.Zero(t, inner.appends)
	require.Equal(t, 1, injector.Fired(chaos.LostRequest))
}

func TestFailAfterIsUnknownAndApplied(t *testing.T) {
	inner := newFake()
	store, injector, _ := inject(t, "fail-after@c0.0", inner)
	result, err := store.Append(t.Context(), batch(t, streamA, 0, 2))
	requireFailure(t, err, eventcore.OpAppend)
	require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(err))
	require.Zero(t, result, "the answer is lost")
	require.Len(t, inner.log, 2)
	require.Equal(t, 1, injector.Fired(chaos.FailAfter))
}

func TestFailAfterHidesARefusalToo(t *testing.T) {
	inner := fill(t, 1)
	store, _, _ := inject(t, "fail-after@c0.0", inner)
	_, err := store.Append(t.Context(), batch(t, streamA, 0, 1))
	require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(err))
	require.NotErrorIs(t, err, eventcore.ErrVersionConflict)
	require.Equal(t, 1, inner.appends)
}

func TestConflictIsSpurious(t *testing.T) {
	inner := fill(t, 1)
	store, injector, _ := inject(t, "conflict@c0.0 conflict@c0.1", inner)
	_, err := store.Append(t.Context(), batch(t, streamA, 1, 1, streamB))
	require.ErrorIs(t, err, chaos.ErrInjected)
	require.ErrorIs(t, err, eventcore.ErrVersionConflict)
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
	conflict, _ := errors.AsType[*eventcore.VersionConflict](err)
	require.Equal(t, &eventcore.VersionConflict{Stream: streamA, Expected: 1, ActualUnknown: true}, conflict)
	require.Zero(t, inner.appends)

	_, err = store.Append(t.Context(), eventcore.Writes{})
	require.NoError(t, err, "a batch without participants cannot conflict")
	require.Equal(t, 1, injector.Fired(chaos.Conflict))
}

func TestDelayComesBeforeTheCallAndDelayAfterBehindIt(t *testing.T) {
	for _, op := range operations() {
		for kind, want := range map[chaos.Kind]bool{chaos.Delay: false, chaos.DelayAfter: true} {
			inner := fill(t, 20)
			var called bool
			clock := sleepFunc(func(d time.Duration) {
				require.Equal(t, 15*time.Millisecond, d)
				called = inner.appends+inner.reads > 0
			})
			injector := chaos.NewInjector(chaos.Config{
				Plan:  chaos.Explicit(chaos.Fault{Kind: kind, Delay: 15 * time.Millisecond}),
				Clock: clock,
			})
			n, err := op.call(t, injector.Wrap(0, inner))
			require.NoError(t, err)
			require.Equal(t, want, called, "%s of %s", kind, op.name)
			require.Equal(t, 1, injector.Fired(kind))
			require.Equal(t, 1, inner.appends+inner.reads)
			require.Equal(t, 20*inner.reads, n)
		}
	}
}

func TestADelayThatIsCancelledLeavesTheErrorToTheStore(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	inner := fill(t, 1)
	injector := chaos.NewInjector(chaos.Config{
		Plan:  chaos.Explicit(chaos.Fault{Kind: chaos.Delay, Delay: 1}),
		Clock: sleepFunc(func(time.Duration) { stop() }),
	})
	_, err := injector.Wrap(0, inner).Append(ctx, batch(t, streamA, 1, 1))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, inner.appends)
	require.NotErrorIs(t, err, chaos.ErrInjected)
}

func TestDelayAfterDoesNotDelayAReadThatWasBrokenOff(t *testing.T) {
	store, injector, clock := inject(t, "delay-after@c0.0", fill(t, 3))
	for range store.ReadStream(t.Context(), streamA, 0) {
		break
	}
	require.Empty(t, clock.slept)
	require.Empty(t, injector.Log())
}

func TestDecodeErrorTakesTheNextEvent(t *testing.T) {
	onReads(t, func(t *testing.T, op operation) {
		store, injector, _ := inject(t, "decode-error@c0.0+3 decode-error@c0.1 decode-error@c0.2+19 decode-error@c0.3+20", fill(t, 20))
		for _, after := range []int{3, 0, 19} {
			n, err := op.call(t, store)
			require.Equal(t, after, n)
			require.ErrorIs(t, err, chaos.ErrInjected)
			failed, ok := errors.AsType[*eventcore.DeserializationFailed](err)
			require.True(t, ok)
			require.Equal(t, streamA, failed.Stream)
			require.Equal(t, eventcore.Version(after+1), failed.Version)
			require.Equal(t, "happened", failed.Type)
		}
		n, err := op.call(t, store)
		require.NoError(t, err, "there is no event 21 to spoil")
		require.Equal(t, 20, n)
		require.Equal(t, 3, injector.Fired(chaos.DecodeError))
	})
}

func TestFailReadTakesTheNextEventOrTheEnd(t *testing.T) {
	onReads(t, func(t *testing.T, op operation) {
		store, injector, _ := inject(t, "fail-read@c0.0+3 fail-read@c0.1 fail-read@c0.2+20 fail-read@c0.3+21", fill(t, 20))
		for _, after := range []int{3, 0, 20} {
			n, err := op.call(t, store)
			require.Equal(t, after, n)
			requireFailure(t, err, op.name)
		}
		n, err := op.call(t, store)
		require.NoError(t, err)
		require.Equal(t, 20, n)
		require.Equal(t, 3, injector.Fired(chaos.FailRead))
	})
}

func TestAReadFaultNeedsAConsumerThatAsksForMore(t *testing.T) {
	for _, kind := range []string{"decode-error", "fail-read", "cancel"} {
		store, injector, _ := inject(t, kind+"@c0.0+2", fill(t, 5))
		n := 0
		for _, err := range store.ReadStream(t.Context(), streamA, 0) {
			require.NoError(t, err)
			if n++; n == 2 {
				break
			}
		}
		require.Empty(t, injector.Log(), kind)
	}
}

func TestAnErrorOfTheStoreIsNotReplacedByAFaultOfARead(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for _, kind := range []string{"decode-error", "fail-read"} {
		store, injector, _ := inject(t, kind+"@c0.0", fill(t, 5))
		n, err := collect(t, store.ReadStream(ctx, streamA, 0))
		require.Zero(t, n)
		require.NotErrorIs(t, err, chaos.ErrInjected)
		require.ErrorIs(t, err, context.Canceled)
		require.Empty(t, injector.Log(), kind)
	}
}

// sleepFunc is a clock that calls a function in place of sleeping.
type sleepFunc func(time.Duration)

func (sleepFunc) Now() time.Time { return time.Unix(0, 0).UTC() }

func (f sleepFunc) Sleep(ctx context.Context, d time.Duration) error {
	f(d)
	return ctx.Err()
}
