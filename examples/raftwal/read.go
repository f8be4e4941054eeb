package raftwal

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ReadStream implements [eventcore.Store].
func (s *Store) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		entries, _ := s.at(id)
		for i := after; i < eventcore.Version(len(entries)); i++ {
			e, err := s.entry(entries[i])
			if err = errors.Join(err, ctx.Err()); err != nil {
				yield(eventcore.Recorded{}, failedRead(eventcore.OpReadStream, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(eventcore.Recorded{}, failedRead(eventcore.OpReadStream, err))
		}
	}
}

// ReadAll implements [eventcore.AllReader].
func (s *Store) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		if limit < 0 {
			yield(eventcore.Recorded{}, failedRead(eventcore.OpReadAll, fmt.Errorf("limit %d is negative; use 0 for no limit", limit)))
			return
		}
		_, last := s.at(eventcore.StreamID{})
		_, from := after.Parts()
		left := limit
		for index := from + 1; index <= last; index++ {
			e, err := s.entry(index)
			if err = errors.Join(err, ctx.Err()); err != nil {
				yield(eventcore.Recorded{}, failedRead(eventcore.OpReadAll, err))
				return
			}
			if !filter.Match(e.Stream, e.Type) {
				continue
			}
			if !yield(e, nil) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(eventcore.Recorded{}, failedRead(eventcore.OpReadAll, err))
		}
	}
}

func failedRead(operation eventcore.Operation, err error) error {
	return &eventcore.StoreFailure{Operation: operation, Err: err}
}
