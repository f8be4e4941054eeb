package mutant

import (
	"context"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// events is what a read returns.
type events = iter.Seq2[eventcore.Recorded, error]

// bug is what a mutant does in place of forwarding; nil forwards.
type bug struct {
	append     func(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error)
	readStream func(ctx context.Context, inner eventcore.Store, id eventcore.StreamID, after eventcore.Version) events
	readAll    func(ctx context.Context, inner eventcore.AllReader, filter eventcore.Filter, after eventcore.Position, limit int) events
}

// plant returns inner with the bug.
func plant(inner eventcore.Store, b bug) eventcore.Store {
	s := &store{inner, b}
	if all, ok := inner.(eventcore.AllReader); ok {
		return &allStore{s, all}
	}
	return s
}

type store struct {
	inner eventcore.Store
	bug   bug
}

// allStore is a store whose inner store has a global order.
type allStore struct {
	*store
	all eventcore.AllReader
}

// Append implements [eventcore.Store].
func (s *store) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	if s.bug.append == nil {
		return s.inner.Append(ctx, writes)
	}
	return s.bug.append(ctx, s.inner, writes)
}

// ReadStream implements [eventcore.Store].
func (s *store) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	if s.bug.readStream == nil {
		return s.inner.ReadStream(ctx, id, after)
	}
	return s.bug.readStream(ctx, s.inner, id, after)
}

// ReadAll implements [eventcore.AllReader].
func (s *allStore) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	if s.bug.readAll == nil {
		return s.all.ReadAll(ctx, filter, after, limit)
	}
	return s.bug.readAll(ctx, s.all, filter, after, limit)
}
