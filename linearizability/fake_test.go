package linearizability_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

var errBroken = errors.New("broken")

// fakeStore does what its fields say, and has a global order.
type fakeStore struct {
	fakeStreams
	limitIgnored bool
}

// fakeStreams is a fakeStore without a global order.
type fakeStreams struct {
	events []eventcore.Recorded
	result eventcore.Appended
	err    error
	// failAfter is the number of events after which a read fails; 0: it does not.
	failAfter int
	// before runs within each append.
	before func()
}

func (s *fakeStreams) Append(context.Context, eventcore.Writes) (eventcore.Appended, error) {
	if s.before != nil {
		s.before()
	}
	return s.result, s.err
}

func (s *fakeStreams) ReadStream(_ context.Context, _ eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return s.read(s.events[min(int(after), len(s.events)):])
}

func (s *fakeStore) ReadAll(_ context.Context, _ eventcore.Filter, _ eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	if limit > 0 && !s.limitIgnored {
		return s.read(s.events[:min(limit, len(s.events))])
	}
	return s.read(s.events)
}

func (s *fakeStreams) read(events []eventcore.Recorded) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		for i, e := range events {
			if s.failAfter > 0 && i == s.failAfter {
				break
			}
			if !yield(e, nil) {
				return
			}
		}
		if s.failAfter > 0 {
			yield(eventcore.Recorded{}, errBroken)
		}
	}
}

var streamA, streamB = eventcore.MustStreamID("a"), eventcore.MustStreamID("b")

// threeEvents are a's.
func threeEvents() []eventcore.Recorded {
	var all []eventcore.Recorded
	for v := range 3 {
		all = append(all, eventcore.Recorded{
			ID: eventID(v + 1), Stream: streamA, Version: eventcore.Version(v + 1), Position: eventcore.NewPosition(0, uint64(v+1)),
		})
	}
	return all
}

// batchOf makes a batch that expects a and b at 0, and writes events to a and to b.
func batchOf(t *testing.T, first int) eventcore.Writes {
	t.Helper()
	var w eventcore.Writes
	require.NoError(t, w.Expect(streamA, 0))
	require.NoError(t, w.Expect(streamB, 0))
	require.NoError(t, w.Append(streamB, eventcore.Proposed{ID: eventID(first), Type: "x", Data: []byte("{}")}))
	require.NoError(t, w.Append(streamA, eventcore.Proposed{ID: eventID(first + 1), Type: "y", Data: []byte("{}")}))
	return w
}

// drain iterates to the end and returns the number of events and the error.
func drain(events iter.Seq2[eventcore.Recorded, error]) (int, error) {
	n := 0
	for _, err := range events {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// last returns the last operation of a recorder.
func last(r *linearizability.Recorder) linearizability.Operation {
	ops := r.History().Operations
	return ops[len(ops)-1]
}
