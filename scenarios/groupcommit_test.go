package scenarios_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// answering is a store whose appends come to what it says.
type answering struct {
	scriptedStore

	answer func(eventcore.Writes) (eventcore.Appended, error)
}

func (s *answering) Append(_ context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	return s.answer(writes)
}

// applied is the answer of a store that has done all of it.
func applied(writes eventcore.Writes) (eventcore.Appended, error) {
	var a eventcore.Appended
	for _, p := range writes.Participants() {
		a.Streams = append(a.Streams, eventcore.StreamVersion{Stream: p.Stream, Version: p.Expected + eventcore.Version(p.Events)})
	}
	return a, nil
}

// inGroup runs operations of group-commit, each with its answer, and returns the last result.
func inGroup(ctx context.Context, t *testing.T, ops []scenarios.Op, answers ...func(eventcore.Writes) (eventcore.Appended, error)) scenarios.Result {
	t.Helper()
	w := newWorld(t, "group-commit", 1)
	c := w.client(0, scenarios.PhaseSafety)
	store := &answering{}
	c.Store, c.Injected = store, func(err error) bool { return errors.Is(err, errInjected) }
	var r scenarios.Result
	for i, op := range ops {
		store.answer = answers[i]
		op.Streams = []eventcore.StreamID{eventcore.MustStreamID("s")}
		r = w.scenario.Run(ctx, c, op)
		require.NoError(t, checkNamed(t, w, "honest", &scenarios.Final{Results: []scenarios.Result{r}}))
	}
	return r
}

func TestAStaleAppendMustBeRefused(t *testing.T) {
	var expected []eventcore.Version
	note := func(answer error) func(eventcore.Writes) (eventcore.Appended, error) {
		return func(w eventcore.Writes) (eventcore.Appended, error) {
			expected = append(expected, w.Participants()[0].Expected)
			if answer != nil {
				return eventcore.Appended{}, answer
			}
			return applied(w)
		}
	}
	write, stale := scenarios.Op{Do: "write", Count: 3}, scenarios.Op{Do: "stale"}
	r := inGroup(t.Context(), t, []scenarios.Op{write, stale}, note(nil), note(nil))
	require.ErrorContains(t, r.Err, `one that expected stream "s" at 2 was applied, for a client that knew of 3`)
	require.Equal(t, []eventcore.Version{0, 2}, expected)

	conflict := &eventcore.VersionConflict{Stream: eventcore.MustStreamID("s"), Expected: 2, Actual: 5}
	r = inGroup(t.Context(), t, []scenarios.Op{write, stale, write}, note(nil), note(conflict), note(nil))
	require.NoError(t, r.Err)
	require.Equal(t, eventcore.Version(5), expected[len(expected)-1], "the conflict told the version")

	// Where no version was seen, none has passed.
	r = inGroup(t.Context(), t, []scenarios.Op{stale}, note(nil))
	require.NoError(t, r.Err)
}

func TestNoAppendEndsWithTheContextOfAnother(t *testing.T) {
	ended := func(outcome eventcore.Outcome, why error) func(eventcore.Writes) (eventcore.Appended, error) {
		return func(eventcore.Writes) (eventcore.Appended, error) {
			return eventcore.Appended{}, &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: outcome, Err: why}
		}
	}
	injected := fmt.Errorf("%w: %w", errInjected, context.Canceled)
	given, giveUp := context.WithCancel(t.Context())
	giveUp()
	for _, c := range []struct {
		ctx     context.Context
		answer  func(eventcore.Writes) (eventcore.Appended, error)
		another bool
	}{
		{t.Context(), ended(eventcore.OutcomeNotApplied, context.Canceled), true},
		{given, ended(eventcore.OutcomeNotApplied, context.Canceled), false},
		{t.Context(), ended(eventcore.OutcomeNotApplied, injected), false},
		{t.Context(), ended(eventcore.OutcomeUnknown, context.Canceled), false},
		{t.Context(), ended(eventcore.OutcomeNotApplied, errors.New("the disk is full")), false},
	} {
		for _, do := range []string{"write", "join"} {
			r := inGroup(c.ctx, t, []scenarios.Op{{Do: do, Count: 1}}, c.answer)
			var violation *scenarios.Violation
			require.Equal(t, c.another, errors.As(r.Err, &violation), "%s: %v", do, r.Err)
			require.Error(t, r.Err)
			require.Len(t, r.Attempts, 1)
		}
	}
}

func TestAReadMustHaveWhatTheClientKnowsOf(t *testing.T) {
	for _, do := range []string{"read", "scan"} {
		r := inGroup(t.Context(), t, []scenarios.Op{{Do: "write", Count: 2}, {Do: do}}, applied, nil)
		require.ErrorContains(t, r.Err, `stream "s" has 0 events for a client that knew of 2`)
	}
}

// momentClock stands still, but for sleeps.
type momentClock struct{ now time.Time }

func (c *momentClock) Now() time.Time { return c.now }

func (c *momentClock) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return ctx.Err()
}

func TestBurstsOfAllClientsComeAtTheSameMoments(t *testing.T) {
	start := time.UnixMilli(1_600_000_000_000)
	for _, late := range []time.Duration{0, 1, 50 * time.Microsecond, 100*time.Microsecond - 1} {
		w := newWorld(t, "group-commit", 1)
		c := w.client(0, scenarios.PhaseSafety)
		clock := &momentClock{start.Add(late)}
		c.Clock = clock
		r := w.scenario.Run(t.Context(), c, scenarios.Op{Do: "burst", Streams: []eventcore.StreamID{eventcore.MustStreamID("s")}, Count: 1})
		require.NoError(t, r.Err)
		require.Equal(t, start.Add(100*time.Microsecond), clock.now)
	}
}

func TestClientsHaveStreamsOfTheirOwnWhereThereAreEnough(t *testing.T) {
	s, err := scenarios.Lookup("group-commit")
	require.NoError(t, err)
	for _, c := range []struct{ streams, owned int }{{1, 2}, {4, 4}, {9, 9}, {20, 9}} {
		p := s.Generate(prng.New(1, "program"), scenarios.Params{Clients: 9, OpsPerClient: 40, Streams: c.streams}, nil)
		owned := make(map[eventcore.StreamID]bool)
		for _, ops := range p.Clients {
			var own eventcore.StreamID
			for _, op := range ops {
				if op.Do == "read" {
					continue
				}
				if own.IsZero() {
					own = op.Streams[0]
				}
				require.Equal(t, own, op.Streams[0])
			}
			owned[own] = true
		}
		require.Len(t, owned, c.owned, "%d streams", c.streams)
	}
}
