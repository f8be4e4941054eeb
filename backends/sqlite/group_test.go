package sqlite_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// errPanicked stands for the panic of an append.
var errPanicked = errors.New("panicked")

// result is what an append came to.
type result struct {
	eventcore.Appended
	err error
}

// grouped has an append held up in its commit, and others come meanwhile, which are in one
// group then. before is called with each of the statements of that group and of what follows.
// It returns what came of the others.
func grouped(t *testing.T, spy *spy, s *sqlite.Store, before func(query string) error, others ...func() (context.Context, eventcore.Writes)) []result {
	t.Helper()
	inside, goOn := make(chan struct{}), make(chan struct{})
	var behind atomic.Bool
	hold := sync.OnceFunc(func() { close(inside); <-goOn; behind.Store(true) })
	spy.set(func(_ driver.Conn, query string) error {
		if query == "COMMIT" && !behind.Load() {
			hold()
			return nil
		}
		if behind.Load() {
			return before(query)
		}
		return nil
	}, nil)
	first := make(chan error, 1)
	w := batch(t, 0, 1, eventcore.MustStreamID("first"))
	go func() {
		_, err := s.Append(t.Context(), w)
		first <- err
	}()
	<-inside
	results := make([]chan result, len(others))
	for i, other := range others {
		results[i] = make(chan result, 1)
		ctx, w := other()
		go func() {
			r := result{err: errPanicked}
			defer func() {
				_ = recover() // the result says so
				results[i] <- r
			}()
			r.Appended, r.err = s.Append(ctx, w)
		}()
	}
	time.Sleep(200 * time.Millisecond) // for all to wait; were one late, it would be in a group of its own
	close(goOn)
	require.NoError(t, <-first)
	found := make([]result, len(others))
	for i := range found {
		found[i] = <-results[i]
	}
	spy.set(nil, nil)
	return found
}

// each makes an append of one event for each stream.
func each(t *testing.T, streams ...string) (all []func() (context.Context, eventcore.Writes)) {
	t.Helper()
	for _, name := range streams {
		w := batch(t, 0, 1, eventcore.MustStreamID(name))
		all = append(all, func() (context.Context, eventcore.Writes) { return t.Context(), w })
	}
	return all
}

func TestAppendsThatWaitAreCommittedTogether(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	commits := 0
	found := grouped(t, spy, s, func(query string) error {
		if query == "COMMIT" {
			commits++
		}
		return nil
	}, each(t, "a", "b", "c", "d")...)
	require.Less(t, commits, 3)
	for i, r := range found {
		require.NoError(t, r.err)
		id := eventcore.MustStreamID(string(rune('a' + i)))
		require.Equal(t, []eventcore.StreamVersion{{Stream: id, Version: 1}}, r.Streams)
		require.Equal(t, stream(t, s, id)[0].Position, r.Last)
	}
	require.Equal(t, upTo(5), global(t, s, eventcore.Filter{}))
}

// What many small events take is not their payloads.
func TestGreatBatchesOfSmallEventsAreNotCommittedTogether(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	var great []func() (context.Context, eventcore.Writes)
	for _, name := range []string{"a", "b", "c"} {
		w := batch(t, 0, 11_000, eventcore.MustStreamID(name))
		great = append(great, func() (context.Context, eventcore.Writes) { return t.Context(), w })
	}
	commits := 0
	for _, r := range grouped(t, spy, s, func(query string) error {
		if query == "COMMIT" {
			commits++
		}
		return nil
	}, great...) {
		require.NoError(t, r.err)
	}
	require.Equal(t, 3, commits)
}

func TestWithGroupsOfOneEachAppendHasItsCommit(t *testing.T) {
	spy, s := spied(t, sqlite.Config{MaxGroup: 1})
	commits := 0
	for _, r := range grouped(t, spy, s, func(query string) error {
		if query == "COMMIT" {
			commits++
		}
		return nil
	}, each(t, "a", "b", "c", "d")...) {
		require.NoError(t, r.err)
	}
	require.Equal(t, 4, commits)
}

func TestAConflictInAGroupIsThatOfOneAppend(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	found := grouped(t, spy, s, func(string) error { return nil }, each(t, "a", "same", "same", "same", "b")...)
	conflicts := 0
	for _, r := range found {
		if r.err != nil {
			require.Equal(t, &eventcore.VersionConflict{Stream: eventcore.MustStreamID("same"), Expected: 0, Actual: 1}, r.err)
			conflicts++
		}
	}
	require.Equal(t, 2, conflicts)
	require.Equal(t, upTo(4), global(t, s, eventcore.Filter{}))
}

func TestAFaultInAGroupHarmsOneAppend(t *testing.T) {
	for _, begin := range []string{"SELECT", "INSERT"} {
		t.Run(begin, func(t *testing.T) {
			spy, s := spied(t, sqlite.Config{})
			asked := 0
			found := grouped(t, spy, s, func(query string) error {
				if strings.HasPrefix(query, begin) {
					// The second of the group, and when that has come to nothing the second by itself.
					if asked++; asked == 2 || asked == 4 {
						return errDisk
					}
				}
				return nil
			}, each(t, "a", "b", "c", "d")...)
			failed := 0
			for _, r := range found {
				if r.err != nil {
					require.ErrorIs(t, r.err, errDisk)
					require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(r.err))
					failed++
				}
			}
			require.Equal(t, 1, failed)
			require.Equal(t, upTo(4), global(t, s, eventcore.Filter{}))
		})
	}
}

func TestAContextThatEndsHarmsNoneOfItsGroup(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	others := each(t, "a", "b", "c", "d")
	cancelled := batch(t, 0, 1, eventcore.MustStreamID("cancelled"))
	others[2] = func() (context.Context, eventcore.Writes) { return ctx, cancelled }
	found := grouped(t, spy, s, func(query string) error {
		if strings.HasPrefix(query, "INSERT") {
			cancel()
			time.Sleep(time.Millisecond)
		}
		return nil
	}, others...)
	for i, r := range found {
		// It may have been in time where it led its group.
		if i == 2 && r.err != nil {
			require.ErrorIs(t, r.err, context.Canceled)
			require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(r.err))
			continue
		}
		require.NoError(t, r.err, fmt.Sprint(i))
	}
}

func TestACommitThatFailsLeavesItsGroupUnknown(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	found := grouped(t, spy, s, func(query string) error {
		if query == "COMMIT" {
			return errDisk
		}
		return nil
	}, each(t, "a", "b", "c", "d")...)
	for _, r := range found {
		require.ErrorIs(t, r.err, errDisk)
		require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(r.err))
	}
	require.Equal(t, upTo(1), global(t, s, eventcore.Filter{}))
}

// What a group has found before its commit is nobody's result: the others of one whose leader is
// ended by a panic were rolled back.
func TestAPanicBeforeTheCommitAcknowledgesNothing(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	planted := false
	found := grouped(t, spy, s, func(query string) error {
		if query == "COMMIT" && !planted {
			planted = true
			panic("planted")
		}
		return nil
	}, each(t, "a", "b", "c", "same", "same", "same")...)
	acknowledged, unknown := 1, 0
	for _, r := range found {
		switch {
		case r.err == nil: // it came too late for the group
			acknowledged++
		case !errors.Is(r.err, errPanicked):
			require.ErrorContains(t, r.err, "the caller was ended")
			require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(r.err))
			unknown++
		}
	}
	require.Greater(t, unknown, 2)
	require.Equal(t, upTo(acknowledged), global(t, s, eventcore.Filter{}))
}
