package storetest_test

import (
	"context"
	"iter"
	"slices"
	"sync/atomic"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
)

// broken is a store with a bug and the rules that the bug breaks.
type broken struct {
	bug    string
	breaks []string
	// plant puts the bug into a store that keeps all rules.
	plant func(s *hooked)
}

// withAll gives all options that a rule may need.
func withAll(opts ...storetest.Option) []storetest.Option {
	return append(opts, counting(),
		storetest.WithReopen(func(_ context.Context, store eventcore.Store) (eventcore.Store, error) {
			s := store.(*hooked)
			return s.opened(s.again), nil
		}),
		storetest.WithSecondHandle(func(_ context.Context, store eventcore.Store) (eventcore.Store, error) {
			s := store.(*hooked)
			return s.opened(s.second), nil
		}))
}

// again plants a bug into the store that is opened again, second into a second handle.
func again(plant func(*hooked)) func(*hooked)  { return func(s *hooked) { s.again = plant } }
func second(plant func(*hooked)) func(*hooked) { return func(s *hooked) { s.second = plant } }

// counting counts what a bug takes.
func counting() storetest.Option {
	return storetest.WithResources(func(store eventcore.Store) map[string]int {
		return map[string]int{"things": int(store.(*hooked).taken.Load()), "others": 7}
	})
}

func brokenStores() []broken {
	return slices.Concat(brokenChecks(), brokenBatches(), brokenEvents(), brokenStreams(), brokenReads(), brokenIterations(),
		brokenContexts(), brokenConcurrency(), brokenOrders(), brokenCursors(), brokenFilters(), brokenMany(), brokenPositions(),
		brokenReopens(), brokenHandles(), brokenLaziness(), brokenResources())
}

type (
	seq         = iter.Seq2[eventcore.Recorded, error]
	appendFunc  = func(context.Context, eventcore.Writes) (eventcore.Appended, error)
	readFunc    = func(context.Context, eventcore.StreamID, eventcore.Version) seq
	readAllFunc = func(context.Context, eventcore.Filter, eventcore.Position, int) seq
)

// hooked is a right store whose methods a bug replaces.
type hooked struct {
	inner         *memory.Store
	append        appendFunc
	read          readFunc
	readAll       readAllFunc
	taken         atomic.Int64 // what counting counts
	closed        func() error // nil for nothing to close
	again, second func(*hooked)
}

func newHooked(plant func(*hooked)) *hooked {
	return (&hooked{inner: memory.New(memory.Config{})}).opened(plant)
}

// opened returns another handle on the store, with a bug or without one.
func (s *hooked) opened(plant func(*hooked)) *hooked {
	other := &hooked{
		inner: s.inner, append: s.inner.Append, read: s.inner.ReadStream, readAll: s.inner.ReadAll,
		again: s.again, second: s.second,
	}
	if plant != nil {
		plant(other)
	}
	return other
}

func (s *hooked) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	return s.append(ctx, w)
}

func (s *hooked) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return s.read(ctx, id, after)
}

func (s *hooked) ReadAll(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return s.readAll(ctx, f, after, limit)
}

func (s *hooked) Close() error {
	if s.closed == nil {
		return nil
	}
	return s.closed()
}

// onAppend replaces Append by a function that is given the old one.
func onAppend(change func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error)) func(*hooked) {
	return func(s *hooked) {
		inner := s.append
		s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
			return change(ctx, w, inner)
		}
	}
}

// onRead replaces ReadStream by a function that is given the old one.
func onRead(change func(ctx context.Context, id eventcore.StreamID, after eventcore.Version, inner readFunc) seq) func(*hooked) {
	return func(s *hooked) {
		inner := s.read
		s.read = func(ctx context.Context, id eventcore.StreamID, after eventcore.Version) seq {
			return change(ctx, id, after, inner)
		}
	}
}

// onReadAll replaces ReadAll by a function that is given the old one.
func onReadAll(change func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int, inner readAllFunc) seq) func(*hooked) {
	return func(s *hooked) {
		inner := s.readAll
		s.readAll = func(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) seq {
			return change(ctx, f, after, limit, inner)
		}
	}
}

// eachRead changes each event that ReadStream yields; false leaves it out.
func eachRead(change func(e *eventcore.Recorded) bool) func(*hooked) {
	return onRead(func(ctx context.Context, id eventcore.StreamID, after eventcore.Version, inner readFunc) seq {
		return each(inner(ctx, id, after), change)
	})
}

func each(events seq, change func(e *eventcore.Recorded) bool) seq {
	return func(yield func(eventcore.Recorded, error) bool) {
		for e, err := range events {
			if err == nil && !change(&e) {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// collect returns the events of a sequence that does not fail.
func collect(events seq) []eventcore.Recorded {
	var list []eventcore.Recorded
	for e, err := range events {
		if err == nil {
			list = append(list, e)
		}
	}
	return list
}

// yieldAll is the sequence of a list.
func yieldAll(events []eventcore.Recorded) seq {
	return func(yield func(eventcore.Recorded, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func fails(op eventcore.Operation, err error) seq {
	return func(yield func(eventcore.Recorded, error) bool) {
		yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: op, Err: err})
	}
}

// rebuilt returns a batch of these participants and events. Events of a stream that
// is no participant any more are left out.
func rebuilt(participants []eventcore.Participant, events []event) eventcore.Writes {
	var w eventcore.Writes
	for _, p := range participants {
		if err := w.Expect(p.Stream, p.Expected); err != nil {
			panic(err)
		}
	}
	for _, e := range events {
		if slices.ContainsFunc(participants, func(p eventcore.Participant) bool { return p.Stream == e.to }) {
			if err := w.Append(e.to, e.Proposed); err != nil {
				panic(err)
			}
		}
	}
	return w
}

// event is an event of a batch with its stream.
type event struct {
	to eventcore.StreamID
	eventcore.Proposed
}

func eventsOf(w eventcore.Writes) []event {
	var list []event
	for _, e := range w.Events() {
		list = append(list, event{w.Participants()[e.Participant].Stream, e.Event})
	}
	return list
}

// keeping returns the batch with those of its participants that keep accepts.
func keeping(w eventcore.Writes, keep func(eventcore.Participant) bool) eventcore.Writes {
	var kept []eventcore.Participant
	for _, p := range w.Participants() {
		if keep(p) {
			kept = append(kept, p)
		}
	}
	return rebuilt(kept, eventsOf(w))
}
