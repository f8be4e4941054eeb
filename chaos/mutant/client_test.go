package mutant_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

var errConnection = errors.New("connection lost")

// loseAnswer makes the next append of f report an unknown outcome.
func loseAnswer(f *fake) {
	f.answer = func(eventcore.Appended, error) (eventcore.Appended, error) {
		f.answer = nil
		return eventcore.Appended{}, &eventcore.StoreFailure{Operation: eventcore.OpAppend, Err: errConnection}
	}
}

func TestDuplicateAppendAppendsTwice(t *testing.T) {
	inner := newFake()
	store := wrap(t, "duplicate-append", inner)
	mustAppend(t, store, "b@0 b1")
	loseAnswer(inner)
	result := mustAppend(t, store, "a@0 a1 a2", "b@1")
	require.Equal(t, []eventcore.StreamVersion{{Stream: eventcore.MustStreamID("a"), Version: 4}}, result.Streams)
	require.Equal(t, "a1 a2 a1 a2", stream(t, inner, "a"))
}

func TestDuplicateAppendReturnsKnownErrors(t *testing.T) {
	inner := newFake()
	store := wrap(t, "duplicate-append", inner)
	_, err := store.Append(t.Context(), batch(t, "a@1 a1"))
	requireConflict(t, err, "a", 1, 0)
	require.Empty(t, inner.log)
}

func TestDuplicateAppendGivesUpWhereItCannotRead(t *testing.T) {
	inner := newFake()
	store := wrap(t, "duplicate-append", inner)
	inner.damaged = idOf("a1")
	loseAnswer(inner)
	_, err := store.Append(t.Context(), batch(t, "a@0 a1"))
	require.ErrorIs(t, err, errConnection)
	require.Len(t, inner.log, 1)
}

func TestUnknownAsNotAppliedLies(t *testing.T) {
	inner := newFake()
	store := wrap(t, "unknown-as-not-applied", inner)
	loseAnswer(inner)
	_, err := store.Append(t.Context(), batch(t, "a@0 a1"))
	require.ErrorIs(t, err, errConnection)
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
	require.Equal(t, "a1", stream(t, inner, "a"))

	inner.answer = func(eventcore.Appended, error) (eventcore.Appended, error) {
		return eventcore.Appended{}, context.DeadlineExceeded
	}
	_, err = store.Append(t.Context(), batch(t, "a@1 a2"))
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err), "errors of any other type too")
}

func TestUnknownAsNotAppliedLeavesKnownOutcomesAlone(t *testing.T) {
	_, err := wrap(t, "unknown-as-not-applied", newFake()).Append(t.Context(), batch(t, "a@1 a1"))
	requireConflict(t, err, "a", 1, 0)
}

func TestSwallowedDecodeErrorEndsTheRead(t *testing.T) {
	inner := newFake()
	store := wrap(t, "swallowed-decode-error", inner)
	mustAppend(t, store, "a@0 a1 a2 a3")
	inner.damaged = idOf("a2")
	require.Contains(t, stream(t, inner, "a"), "decode event 2")
	require.Equal(t, "a1", stream(t, store, "a"))
	require.Equal(t, "a1", global(t, store))
	require.Contains(t, names(store.(eventcore.AllReader).ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, -1)),
		"limit is -1", "other errors are passed on")
}
