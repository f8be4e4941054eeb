package chaos_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// fake is a correct store in a few lines, for one goroutine. It counts what reaches
// it, and can be made to disregard a cancelled context.
type fake struct {
	log         []eventcore.Recorded
	versions    map[eventcore.StreamID]eventcore.Version
	appends     int
	reads       int
	cancellable bool
	// onCancel, where set, is what a read does with a cancelled context.
	onCancel func(ctx context.Context, yield func(eventcore.Recorded, error) bool)
}

func newFake() *fake {
	return &fake{versions: make(map[eventcore.StreamID]eventcore.Version), cancellable: true}
}

func (f *fake) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	f.appends++
	if err := ctx.Err(); err != nil && f.cancellable {
		return eventcore.Appended{}, &eventcore.StoreFailure{
			Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err,
		}
	}
	for _, p := range w.Participants() {
		if actual := f.versions[p.Stream]; actual != p.Expected {
			return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: actual}
		}
	}
	var result eventcore.Appended
	for _, e := range w.Events() {
		id := w.Participants()[e.Participant].Stream
		f.versions[id]++
		result.Last = eventcore.NewPosition(0, uint64(len(f.log)+1))
		f.log = append(f.log, eventcore.Recorded{
			ID: e.Event.ID, Stream: id, Version: f.versions[id], Type: e.Event.Type, Data: e.Event.Data, Position: result.Last,
		})
	}
	for _, p := range w.Participants() {
		if p.Events > 0 {
			result.Streams = append(result.Streams, eventcore.StreamVersion{Stream: p.Stream, Version: f.versions[p.Stream]})
		}
	}
	return result, nil
}

func (f *fake) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return f.read(ctx, eventcore.OpReadStream, -1, func(e *eventcore.Recorded) bool { return e.Stream == id && e.Version > after })
}

func (f *fake) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return f.read(ctx, eventcore.OpReadAll, limit, func(e *eventcore.Recorded) bool {
		return e.Position.Compare(after) > 0 && filter.Match(e.Stream, e.Type)
	})
}

func (f *fake) read(ctx context.Context, op eventcore.Operation, limit int, selected func(*eventcore.Recorded) bool) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		f.reads++
		n := 0
		for _, e := range slices.Clip(f.log) {
			if !selected(&e) {
				continue
			}
			if n == limit {
				return
			}
			if err := ctx.Err(); err != nil && f.cancellable {
				if f.onCancel != nil {
					f.onCancel(ctx, yield)
					return
				}
				yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: op, Err: err})
				return
			}
			if n++; !yield(e, nil) {
				return
			}
		}
	}
}

// streamsOnly hides the global order of a store.
type streamsOnly struct{ eventcore.Store }

var streamA, streamB = eventcore.MustStreamID("a"), eventcore.MustStreamID("b")

// batch makes a batch that writes n events to stream at version, and reads others
// at version 0.
func batch(t require.TestingT, stream eventcore.StreamID, version eventcore.Version, n int, others ...eventcore.StreamID) eventcore.Writes {
	var w eventcore.Writes
	require.NoError(t, w.Expect(stream, version))
	for _, other := range others {
		require.NoError(t, w.Expect(other, 0))
	}
	for i := range n {
		id := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s %d", stream, int(version)+i))
		require.NoError(t, w.Append(stream, eventcore.Proposed{ID: id, Type: "happened", Data: []byte("{}")}))
	}
	return w
}

// fill returns a fake whose stream a has n events.
func fill(t testing.TB, n int) *fake {
	store := newFake()
	_, err := store.Append(t.Context(), batch(t, streamA, 0, n))
	require.NoError(t, err)
	store.appends = 0
	return store
}

// collect reads a sequence to its end and returns the number of events, and the
// error that ended it. It fails the test if anything follows an error.
func collect(t require.TestingT, seq iter.Seq2[eventcore.Recorded, error]) (n int, failed error) {
	for event, err := range seq {
		require.NoError(t, failed, "the sequence went on after an error")
		if failed = err; err != nil {
			require.Zero(t, event)
			continue
		}
		n++
	}
	return n, failed
}

// tickClock is a clock that sleeps at once and adds up.
type tickClock struct{ slept []time.Duration }

func (c *tickClock) Now() time.Time { return time.Unix(0, 0).UTC() }

func (c *tickClock) Sleep(_ context.Context, d time.Duration) error {
	c.slept = append(c.slept, d)
	return nil
}

// inject wraps store for client 0 with a plan.
func inject(t testing.TB, plan string, store eventcore.Store) (eventcore.Store, *chaos.Injector, *tickClock) {
	parsed, err := chaos.ParsePlan(plan)
	require.NoError(t, err)
	clock := &tickClock{}
	injector := chaos.NewInjector(chaos.Config{Plan: parsed, Seed: 1, Clock: clock})
	return injector.Wrap(0, store), injector, clock
}
