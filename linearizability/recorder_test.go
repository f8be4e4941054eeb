package linearizability_test

import (
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

func TestAnAppendIsRecordedWithItsBatchAndResult(t *testing.T) {
	conflict := &eventcore.VersionConflict{Stream: streamA, Expected: 0, Actual: 3}
	notApplied := &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: conflict}
	lost := &eventcore.StoreFailure{Operation: eventcore.OpAppend, Err: conflict}
	for _, tc := range []struct {
		name     string
		err      error
		outcome  eventcore.Outcome
		conflict *eventcore.VersionConflict
	}{
		{"applied", nil, eventcore.OutcomeApplied, nil},
		{"a conflict", fmt.Errorf("wrapped: %w", conflict), eventcore.OutcomeNotApplied, conflict},
		{"known not applied, for a conflict", notApplied, eventcore.OutcomeNotApplied, conflict},
		{"unknown, although it wraps a conflict", lost, eventcore.OutcomeUnknown, nil},
		{"unknown for any other error", errBroken, eventcore.OutcomeUnknown, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inner := &fakeStreams{err: tc.err}
			if tc.err == nil {
				inner.result = eventcore.Appended{Streams: []eventcore.StreamVersion{{Stream: streamA, Version: 1}, {Stream: streamB, Version: 1}}, Last: eventcore.NewPosition(0, 2)}
			}
			r := linearizability.NewRecorder(3)
			got, err := r.Wrap(2, inner).Append(t.Context(), batchOf(t, 1))
			require.Equal(t, tc.err, err)
			require.Equal(t, inner.result, got)
			require.Equal(t, linearizability.Operation{
				Client: 2, Kind: linearizability.Append, Call: 1, Return: 2,
				Participants: []eventcore.Participant{{Stream: streamA, Events: 1}, {Stream: streamB, Events: 1}},
				Events:       []linearizability.Event{{ID: eventID(1), Participant: 1, Type: "x"}, {ID: eventID(2), Participant: 0, Type: "y"}},
				Outcome:      tc.outcome, Conflict: tc.conflict, Appended: inner.result, Err: tc.err,
			}, last(r))
		})
	}
}

func TestWhatTheClientDoesWithResultsDoesNotChangeTheRecord(t *testing.T) {
	inner := &fakeStreams{result: eventcore.Appended{Streams: []eventcore.StreamVersion{{Stream: streamA, Version: 1}}}}
	r := linearizability.NewRecorder(1)
	got, err := r.Wrap(0, inner).Append(t.Context(), batchOf(t, 1))
	require.NoError(t, err)
	got.Streams[0].Version = 99
	require.Equal(t, eventcore.Version(1), last(r).Appended.Streams[0].Version)

	inner.err = &eventcore.VersionConflict{Stream: streamA, Actual: 3}
	_, err = r.Wrap(0, inner).Append(t.Context(), batchOf(t, 3))
	conflict, is := errors.AsType[*eventcore.VersionConflict](err)
	require.True(t, is)
	conflict.Actual = 99
	require.Equal(t, eventcore.Version(3), last(r).Conflict.Actual)
}

func TestAReadIsRecordedWithWhatItYieldedAndHowItEnded(t *testing.T) {
	seen := seenOf(threeEvents())
	for _, tc := range []struct {
		name      string
		failAfter int
		limit     int
		stopAfter int
		seen      []linearizability.Seen
		end       linearizability.End
		err       error
	}{
		{name: "to its end", seen: seen, end: linearizability.Complete},
		{name: "to its limit", limit: 2, seen: seen[:2], end: linearizability.Stopped},
		{name: "short of its limit", limit: 4, seen: seen, end: linearizability.Complete},
		{name: "until the consumer stops", stopAfter: 1, seen: seen[:1], end: linearizability.Stopped},
		{name: "until the consumer stops at the last one", stopAfter: 3, seen: seen, end: linearizability.Stopped},
		{name: "until it fails", failAfter: 2, seen: seen[:2], end: linearizability.Failed, err: errBroken},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := linearizability.NewRecorder(1)
			store := r.Wrap(0, &fakeStore{fakeStreams: fakeStreams{events: threeEvents(), failAfter: tc.failAfter}}).(eventcore.AllReader)
			filter, n := eventcore.Filter{Types: []string{"x"}}, 0
			for event, err := range store.ReadAll(t.Context(), filter, eventcore.NewPosition(0, 7), tc.limit) {
				if err != nil {
					require.Equal(t, tc.err, err)
					require.Zero(t, event)
					continue
				}
				require.Equal(t, threeEvents()[n], event)
				if n++; n == tc.stopAfter {
					break
				}
			}
			require.Equal(t, len(tc.seen), n)
			require.Equal(t, linearizability.Operation{
				Kind: linearizability.ReadAll, Call: 1, Return: 2, Filter: filter, Position: eventcore.NewPosition(0, 7), Limit: tc.limit,
				Seen: tc.seen, End: tc.end, Err: tc.err,
			}, last(r))
		})
	}
}

func TestAStreamReadIsRecordedWithItsArguments(t *testing.T) {
	r := linearizability.NewRecorder(1)
	n, err := drain(r.Wrap(0, &fakeStreams{events: threeEvents()}).ReadStream(t.Context(), streamA, 1))
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, linearizability.Operation{
		Kind: linearizability.ReadStream, Call: 1, Return: 2, Stream: streamA, After: 1,
		Seen: seenOf(threeEvents()[1:]), End: linearizability.Complete,
	}, last(r))
}

func TestTheWrapperReadsAllIfAndOnlyIfTheStoreDoes(t *testing.T) {
	r := linearizability.NewRecorder(1)
	_, all := r.Wrap(0, &fakeStore{}).(eventcore.AllReader)
	require.True(t, all)
	_, all = r.Wrap(0, &fakeStreams{}).(eventcore.AllReader)
	require.False(t, all)
}

func TestEachIterationIsACall(t *testing.T) {
	r := linearizability.NewRecorder(1)
	events := r.Wrap(0, &fakeStreams{events: threeEvents()}).ReadStream(t.Context(), streamA, 0)
	require.Empty(t, r.History().Operations, "a sequence that is not iterated reads nothing")
	for range 2 {
		n, err := drain(events)
		require.NoError(t, err)
		require.Equal(t, 3, n)
	}
	ops := r.History().Operations
	require.Len(t, ops, 2)
	require.Equal(t, ops[0].Seen, ops[1].Seen)
	require.Less(t, ops[0].Return, ops[1].Call)
}

// TestCallsWithinAReadKeepApart: the loop's body reads and appends.
func TestCallsWithinAReadKeepApart(t *testing.T) {
	r := linearizability.NewRecorder(1)
	store := r.Wrap(0, &fakeStreams{events: threeEvents()})
	events := store.ReadStream(t.Context(), streamA, 0)
	n := 0
	for range events {
		inner, err := drain(store.ReadStream(t.Context(), streamA, 2))
		require.NoError(t, err)
		require.Equal(t, 1, inner)
		_, err = store.Append(t.Context(), batchOf(t, 10+2*n))
		require.NoError(t, err)
		n++
	}
	ops := r.History().Operations
	require.Len(t, ops, 7)
	for _, op := range ops {
		if op.Kind == linearizability.ReadStream {
			require.Equal(t, seenOf(threeEvents()[op.After:]), op.Seen)
			require.Equal(t, linearizability.Complete, op.End)
		}
	}
	require.Equal(t, []int64{1, 14}, []int64{ops[0].Call, ops[0].Return})
}

// TestACallThatNeverReturnsStaysOpen: a task that is given up in a crash stops in the
// middle of its calls.
func TestACallThatNeverReturnsStaysOpen(t *testing.T) {
	r := linearizability.NewRecorder(2)
	stopped := func(yield func(struct{}) bool) {
		inner := &fakeStreams{events: threeEvents(), before: func() { yield(struct{}{}) }}
		_, _ = r.Wrap(0, inner).Append(t.Context(), batchOf(t, 1))
	}
	next, _ := iter.Pull(iter.Seq[struct{}](stopped))
	next()
	reading := func(yield func(struct{}) bool) {
		for range r.Wrap(1, &fakeStreams{events: threeEvents()}).ReadStream(t.Context(), streamA, 0) {
			yield(struct{}{})
		}
	}
	next, _ = iter.Pull(iter.Seq[struct{}](reading))
	next()
	next()
	ops := r.History().Operations
	require.Len(t, ops, 2)
	require.Equal(t, []int64{1, linearizability.Never}, []int64{ops[0].Call, ops[0].Return})
	require.Equal(t, eventcore.OutcomeUnknown, ops[0].Outcome)
	require.Equal(t, int64(linearizability.Never), ops[1].Return)
	require.Equal(t, linearizability.Failed, ops[1].End)
	require.Equal(t, seenOf(threeEvents()[:2]), ops[1].Seen, "what it had seen by then counts")
}

func TestAPanicInTheLoopLeavesTheReadOpen(t *testing.T) {
	r := linearizability.NewRecorder(1)
	store := r.Wrap(0, &fakeStreams{events: threeEvents()})
	require.Panics(t, func() {
		for range store.ReadStream(t.Context(), streamA, 0) {
			panic("client")
		}
	})
	require.Equal(t, int64(linearizability.Never), last(r).Return)
	require.Equal(t, seenOf(threeEvents()[:1]), last(r).Seen)
	n, err := drain(store.ReadStream(t.Context(), streamA, 0))
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Equal(t, linearizability.Complete, last(r).End)
}

func TestLongReadsAndManyCallsAreKeptWhole(t *testing.T) {
	long := make([]eventcore.Recorded, 10_000)
	for v := range long {
		long[v] = eventcore.Recorded{ID: eventID(v + 1), Stream: streamA, Version: eventcore.Version(v + 1)}
	}
	r := linearizability.NewRecorder(1)
	store := r.Wrap(0, &fakeStreams{events: long})
	for range 3 {
		for _, after := range []int{0, 5_000, 9_990, 9_999} {
			_, err := drain(store.ReadStream(t.Context(), streamA, eventcore.Version(after)))
			require.NoError(t, err)
			require.Equal(t, seenOf(long[after:]), last(r).Seen)
		}
		first := r.History().Operations[0]
		require.Equal(t, seenOf(long), first.Seen, "later calls do not overwrite earlier ones")
	}
}

// TestResetBeginsAnew makes other calls after it, so that nothing may be left in place
// of what they do not set.
func TestResetBeginsAnew(t *testing.T) {
	inner := &fakeStore{fakeStreams: fakeStreams{events: threeEvents()}}
	first := func(store eventcore.Store) {
		inner.err = &eventcore.VersionConflict{Stream: streamA, Actual: 1}
		_, err := store.Append(t.Context(), batchOf(t, 1))
		require.Error(t, err)
		_, err = drain(store.(eventcore.AllReader).ReadAll(t.Context(), eventcore.Filter{Types: []string{"x"}}, eventcore.NewPosition(0, 1), 2))
		require.NoError(t, err)
	}
	second := func(store eventcore.Store) {
		inner.err = nil
		_, err := drain(store.ReadStream(t.Context(), streamA, 1))
		require.NoError(t, err)
		_, err = store.Append(t.Context(), batchOf(t, 5))
		require.NoError(t, err)
	}
	used := linearizability.NewRecorder(1)
	store := used.Wrap(0, inner)
	first(store)
	require.NoError(t, used.Final(t.Context(), inner))
	used.Reset()
	require.Empty(t, used.History().Operations)
	require.Nil(t, used.History().Final)
	second(store)

	fresh := linearizability.NewRecorder(1)
	second(fresh.Wrap(0, inner))
	require.Equal(t, fresh.History(), used.History())
}

// TestRecordingWithTheMemoryOfAnEarlierRunSeldomAllocates counts what recording adds: the
// sequence that a read returns must be made anew.
func TestRecordingWithTheMemoryOfAnEarlierRunSeldomAllocates(t *testing.T) {
	r := linearizability.NewRecorder(1)
	inner := &fakeStreams{result: eventcore.Appended{Streams: []eventcore.StreamVersion{{Stream: streamA, Version: 1}}}}
	store, writes := r.Wrap(0, inner), batchOf(t, 1)
	const calls = 500
	perRun := testing.AllocsPerRun(20, func() {
		r.Reset()
		for range calls {
			_, _ = store.Append(t.Context(), writes)
		}
	})
	require.Less(t, perRun, float64(calls)/50)
}
