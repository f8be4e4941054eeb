package mutant_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func requireConflict(t *testing.T, err error, name string, expected, actual eventcore.Version) {
	t.Helper()
	conflict, ok := errors.AsType[*eventcore.VersionConflict](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, &eventcore.VersionConflict{
		Stream: eventcore.MustStreamID(name), Expected: expected, Actual: actual,
	}, conflict)
}

func TestLostAppendAcknowledgesWhatItDidNotDo(t *testing.T) {
	inner := newFake()
	store := wrap(t, "lost-append", inner)
	first := mustAppend(t, store, "a@0 "+unpicked(t, "kept"))
	require.Equal(t, eventcore.NewPosition(0, 1), first.Last)

	lost := mustAppend(t, store, "a@1 "+picked(t, "lost-append")+" more", "b@0 other", "c@0")
	require.Equal(t, eventcore.Appended{
		Streams: []eventcore.StreamVersion{
			{Stream: eventcore.MustStreamID("a"), Version: 3}, {Stream: eventcore.MustStreamID("b"), Version: 1},
		},
		Last: eventcore.NewPosition(0, 4),
	}, lost, "it looks right")
	require.Len(t, inner.log, 1)

	_, err := store.Append(t.Context(), batch(t, "a@0 "+picked(t, "lost-append")))
	requireConflict(t, err, "a", 0, 1)
}

func TestLostAppendInventsNoPositionsForAStoreWithoutThem(t *testing.T) {
	require.Zero(t, mustAppend(t, wrap(t, "lost-append", newFake()), "a@0 "+picked(t, "lost-append")).Last)
}

func TestTornAppendShowsABatchInParts(t *testing.T) {
	inner := newFake()
	store := wrap(t, "torn-append", inner)
	ctx, task := during(t, func() { require.Equal(t, "a1 a2", global(t, inner)) })
	result, err := store.Append(ctx, batch(t, "a@0 a1 a2", "b@0 b1", "c@0"))
	require.NoError(t, err)
	require.Equal(t, []string{"mutant: between two parts of a batch"}, task.names)
	require.Equal(t, "a1 a2 b1", global(t, inner))
	require.Equal(t, eventcore.Appended{
		Streams: []eventcore.StreamVersion{
			{Stream: eventcore.MustStreamID("a"), Version: 2}, {Stream: eventcore.MustStreamID("b"), Version: 1},
		},
		Last: eventcore.NewPosition(0, 3),
	}, result)
}

func TestTornAppendLeavesAPartBehindWhenTheNextConflicts(t *testing.T) {
	inner := newFake()
	ctx, _ := during(t, func() { mustAppend(t, inner, "b@0 other") })
	_, err := wrap(t, "torn-append", inner).Append(ctx, batch(t, "a@0 a1", "b@0 b1"))
	requireConflict(t, err, "b", 0, 1)
	require.Equal(t, "a1 other", global(t, inner))
}

func TestTornAppendDoesNotTearOneStream(t *testing.T) {
	ctx, task := during(t, func() {})
	_, err := wrap(t, "torn-append", newFake()).Append(ctx, batch(t, "a@0 a1 a2", "b@0"))
	require.NoError(t, err)
	require.Empty(t, task.names)
}

func TestUncheckedParticipantWritesOnWhatHasMoved(t *testing.T) {
	inner := newFake()
	store := wrap(t, "unchecked-participant", inner)
	mustAppend(t, store, "a@0 a1")
	mustAppend(t, store, "b@0 b1", "a@0")
	mustAppend(t, store, "a@0")
	require.Equal(t, "a1 b1", global(t, inner))
	_, err := store.Append(t.Context(), batch(t, "b@0 b2", "a@1"))
	requireConflict(t, err, "b", 0, 1)
}

func TestCheckOutsideLockLosesTheUpdateBetween(t *testing.T) {
	inner := newFake()
	store := wrap(t, "check-outside-lock", inner)
	ctx, task := during(t, func() { mustAppend(t, inner, "a@0 first", "b@0 moved") })
	result, err := store.Append(ctx, batch(t, "a@0 second", "b@0"))
	require.NoError(t, err)
	require.Equal(t, []string{"mutant: between check and write"}, task.names)
	require.Equal(t, eventcore.Version(2), result.Streams[0].Version)
	require.Equal(t, "first second", stream(t, inner, "a"))

	_, err = store.Append(t.Context(), batch(t, "a@0 third"))
	requireConflict(t, err, "a", 0, 2)
}

func TestPartialConflictLeavesTheFirstStreamBehind(t *testing.T) {
	inner := newFake()
	store := wrap(t, "partial-conflict", inner)
	mustAppend(t, store, "b@0 b1")
	_, err := store.Append(t.Context(), batch(t, "a@0 a1", "b@0 b2"))
	requireConflict(t, err, "b", 0, 1)
	require.Equal(t, "b1 a1", global(t, inner))
	_, err = store.Append(t.Context(), batch(t, "a@0 a2", "b@1 b3"))
	requireConflict(t, err, "a", 0, 1)
	_, err = store.Append(t.Context(), batch(t, "a@0", "c@0 c1", "b@1"))
	requireConflict(t, err, "a", 0, 1)
	require.Equal(t, "b1 a1", global(t, inner), "a conflict on the first stream leaves nothing")
}

func TestFalseConflictFindsWhatItExpected(t *testing.T) {
	inner := newFake()
	store := wrap(t, "false-conflict", inner)
	_, err := store.Append(t.Context(), batch(t, "a@0 "+picked(t, "false-conflict"), "b@0"))
	requireConflict(t, err, "a", 0, 0)
	require.Empty(t, inner.log)
}

func TestReorderedBatchIsBackwardsInEachStream(t *testing.T) {
	inner := newFake()
	mustAppend(t, wrap(t, "reordered-batch", inner), "a@0 a1 a2 a3", "b@0 b1", "c@0")
	require.Equal(t, "a3 a2 a1 b1", global(t, inner))
}

func TestWrongVersionResultIsOneBatchBehind(t *testing.T) {
	inner := newFake()
	store := wrap(t, "wrong-version-result", inner)
	mustAppend(t, store, "a@0 a1")
	result := mustAppend(t, store, "c@0", "a@1 a2 a3", "b@0 b1")
	require.Equal(t, []eventcore.StreamVersion{
		{Stream: eventcore.MustStreamID("a"), Version: 1}, {Stream: eventcore.MustStreamID("b"), Version: 0},
	}, result.Streams)
	require.Equal(t, "a1 a2 a3 b1", global(t, inner))
}
