package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"iter"
	"math"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// reader fetches a sequence page by page. Each iteration has its own.
type reader interface {
	// fetch fills the page, or marks it as the last.
	fetch(ctx context.Context, on *session, p *page) error
}

// ReadStream implements [eventcore.Store]. What it yields is the stream as it stood
// when the first page had been fetched.
func (s *Store) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		from := &streamReader{store: s, id: id, after: int64(min(after, unknown)), last: unknown}
		s.read(ctx, eventcore.OpReadStream, from, yield)
	}
}

// read yields what the reader fetches.
func (s *Store) read(ctx context.Context, op eventcore.Operation, from reader, yield func(eventcore.Recorded, error) bool) {
	fail := func(err error) {
		yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: op, Err: err})
	}
	var p page
	for !p.end {
		p.next()
		if err := s.fetch(ctx, from, &p); err != nil {
			fail(err)
			return
		}
		for i := range p.events {
			if err := ctx.Err(); err != nil {
				fail(err)
				return
			}
			if !yield(p.events[i], nil) {
				return
			}
		}
	}
	// Who cancels at the last event is told as well, unless the sequence is as long as
	// was asked for.
	if err := ctx.Err(); err != nil && !p.limit {
		fail(err)
	}
}

// fetch fetches a page with a session that it holds no longer than that takes.
func (s *Store) fetch(ctx context.Context, from reader, p *page) error {
	on, err := s.readers.get(ctx)
	if err != nil {
		return err
	}
	healthy := false
	defer func() {
		if healthy || s.memory {
			s.readers.put(on)
			return
		}
		s.readers.drop(on)
	}()
	if err := from.fetch(ctx, on, p); err != nil {
		return err
	}
	healthy = true
	return ctx.Err()
}

// streamReader fetches a stream.
type streamReader struct {
	store *Store
	id    eventcore.StreamID
	after int64
	// last is the version at which the snapshot ends, unknown as long as that is not
	// known.
	last int64
}

// unknown is greater than any version or position.
const unknown = math.MaxInt64

const (
	readStream = "SELECT " + columns + " FROM eventcore_events WHERE stream_id = ? AND version > ? AND version <= ? ORDER BY version"
	lastOf     = "SELECT ifnull(max(version), 0) FROM eventcore_events WHERE stream_id = ?"
)

func (r *streamReader) fetch(ctx context.Context, on *session, p *page) error {
	var passed cursor
	err := r.store.whileBusy(ctx, func() (err error) {
		p.events, p.bytes = p.events[:0], 0
		passed, err = p.fetch(ctx, on, r.id, nil, readStream, []sqldriver.Value{r.id.String(), r.after, r.last})
		return err
	})
	if err != nil {
		return err
	}
	if !p.full() {
		p.end = true
		return nil
	}
	r.after = passed.version
	if r.last == unknown {
		// There may be more. From here on the stream is read as it is now: its events do
		// not change, so the page above is part of that.
		err := r.store.whileBusy(ctx, func() (err error) {
			r.last, err = on.number(ctx, lastOf, r.id.String())
			return err
		})
		if err != nil {
			return err
		}
	}
	p.end = r.after >= r.last
	return nil
}
