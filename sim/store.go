package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// taskStore parks its task at the start and the end of each store call and at each
// streamed event, and notes in the trace what came of the call.
type taskStore struct {
	task    *task
	inner   eventcore.Store
	streams pushread.Reader
	// ordered says that the store has a global order.
	ordered bool
}

// taskAllStore is a taskStore whose inner store has a global order.
type taskAllStore struct {
	*taskStore
	all pushread.AllReader
}

// withYields wraps store for the one task that will call it. The result implements
// [eventcore.AllReader] if and only if store does.
func withYields(t *task, store eventcore.Store) eventcore.Store {
	s := &taskStore{task: t, inner: store, streams: pushread.Of(store)}
	if all, ok := store.(eventcore.AllReader); ok {
		s.ordered = true
		return &taskAllStore{s, pushread.OfAll(all)}
	}
	return s
}

// Append implements [eventcore.Store].
func (s *taskStore) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	s.task.world.called()
	s.task.did.Calls = true
	s.task.park(s.task.world.points.appendCall)
	s.task.appends(&writes, s.ordered)
	result, err := s.inner.Append(ctx, writes)
	s.task.note(digestAppend(result, err))
	s.task.park(s.task.world.points.appendReturn)
	s.task.did.Returns = true
	return result, err
}

// ReadStream implements [eventcore.Store].
func (s *taskStore) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return pushread.Stream(ctx, s, id, after)
}

// PushStream implements [pushread.Reader].
func (s *taskStore) PushStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version, consume pushread.Consumer) {
	it := s.task.startRead(s.task.world.points.readStream, s.task.bit(id), consume)
	s.streams.PushStream(ctx, id, after, it.body)
	it.end()
}

// ReadAll implements [eventcore.AllReader].
func (s *taskAllStore) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return pushread.All(ctx, s, filter, after, limit)
}

// PushAll implements [pushread.AllReader].
func (s *taskAllStore) PushAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int, consume pushread.Consumer) {
	it := s.task.startRead(s.task.world.points.readAll, globalOrder, consume)
	s.all.PushAll(ctx, filter, after, limit, it.body)
	it.end()
}

func digestAppend(result eventcore.Appended, err error) uint64 {
	if err != nil {
		return digestError(err)
	}
	hi, lo := result.Last.Parts()
	h := chain(chain(1, hi), lo)
	for _, s := range result.Streams {
		h = chain(h, uint64(s.Version))
	}
	return h
}

func digestRead(event *eventcore.Recorded, err error) uint64 {
	if err != nil {
		return digestError(err)
	}
	h := chain(2, binary.LittleEndian.Uint64(event.ID[:8]))
	h = chain(h, binary.LittleEndian.Uint64(event.ID[8:]))
	return chain(h, uint64(event.Version))
}

// digestError tells errors apart by what a caller can act on, not by their text:
// a server's messages hold process IDs and addresses.
func digestError(err error) uint64 {
	h := chain(3, uint64(eventcore.OutcomeOf(err)))
	if conflict, ok := errors.AsType[*eventcore.VersionConflict](err); ok {
		h = chain(chain(h, digest(conflict.Stream.String())), uint64(conflict.Actual))
	}
	if failure, ok := errors.AsType[*eventcore.StoreFailure](err); ok {
		h = chain(h, digest(string(failure.Operation)))
	}
	if failure, ok := errors.AsType[*eventcore.DeserializationFailed](err); ok {
		h = chain(h, uint64(failure.Version))
	}
	return h
}
