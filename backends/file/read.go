package file

import (
	"context"
	"fmt"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ReadStream implements [eventcore.Store]. What it yields is the stream as it stood at
// the first step of the iteration.
func (s *Store) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		view, events := s.view(id)
		events = events[min(uint64(after), uint64(len(events))):]
		r := &reader{store: s, view: view, op: eventcore.OpReadStream}
		r.run(ctx, func() (uint32, bool) {
			if len(events) == 0 {
				return 0, false
			}
			next := events[0]
			events = events[1:]
			return next, true
		}, 0, yield)
	}
}

// ReadAll implements [eventcore.AllReader]. What it yields is the global order as it
// stood at the first step of the iteration. Events that the filter does not select are
// passed over in the index: their files are not read.
func (s *Store) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		r := &reader{store: s, op: eventcore.OpReadAll}
		if limit < 0 {
			r.fail(fmt.Errorf("limit %d is negative; use 0 for no limit", limit), yield)
			return
		}
		r.view, _ = s.view(eventcore.StreamID{})
		at := uint64(len(r.view.entries))
		if hi, lo := after.Parts(); hi == s.log || after.IsZero() {
			at = min(at, lo)
		}
		r.run(ctx, func() (uint32, bool) {
			for ; at < uint64(len(r.view.entries)); at++ {
				e := &r.view.entries[at]
				if filter.Match(r.view.names[e.stream], r.view.kinds[e.kind]) {
					at++
					return uint32(at - 1), true
				}
			}
			return 0, false
		}, limit, yield)
	}
}

// view returns the index as it is now, without its maps, and the events of a stream.
func (s *Store) view(id eventcore.StreamID) (index, []uint32) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	x := s.index
	x.streams, x.kindOf = nil, nil
	if found := s.index.streams[id]; found != nil {
		return x, found.events
	}
	return x, nil
}

// reader reads a sequence page by page.
type reader struct {
	store *Store
	view  index
	op    eventcore.Operation
	page  []eventcore.Recorded
}

// The size of a page. The first is small, since many sequences are short or broken off
// early. A page has one event more than fits into its bytes.
const (
	firstPage   = 16
	largestPage = 512
	pageBytes   = 256 << 10
)

// run yields the events that next names, limit of them at most, 0: all.
func (r *reader) run(ctx context.Context, next func() (uint32, bool), limit int, yield func(eventcore.Recorded, error) bool) {
	delivered := 0
	for size := firstPage; ; size = min(2*size, largestPage) {
		if limit > 0 {
			size = min(size, limit-delivered)
		}
		wanted := r.choose(next, size)
		if len(wanted) == 0 {
			break
		}
		if err := r.fetch(ctx, wanted); err != nil {
			r.fail(err, yield)
			return
		}
		for i := range r.page {
			if err := ctx.Err(); err != nil {
				r.fail(err, yield)
				return
			}
			if !yield(r.page[i], nil) {
				return
			}
			delivered++
		}
		if limit > 0 && delivered == limit {
			return
		}
	}
	if err := r.refused(ctx); err != nil {
		r.fail(err, yield)
	}
}

// choose returns the entries of the next page.
func (r *reader) choose(next func() (uint32, bool), size int) []uint32 {
	var wanted []uint32
	for bytes := 0; len(wanted) < size && bytes < pageBytes; {
		at, more := next()
		if !more {
			break
		}
		wanted = append(wanted, at)
		bytes += int(r.view.entries[at].length)
	}
	return wanted
}

// refused says why nothing may be read.
func (r *reader) refused(ctx context.Context) error {
	if r.store.gate.Closed() {
		return ErrClosed
	}
	return ctx.Err()
}

func (r *reader) fail(err error, yield func(eventcore.Recorded, error) bool) {
	yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: r.op, Err: err})
}

// fetch reads the events of a page.
func (r *reader) fetch(ctx context.Context, wanted []uint32) error {
	r.page = make([]eventcore.Recorded, 0, len(wanted))
	for len(wanted) > 0 {
		if err := r.refused(ctx); err != nil {
			return err
		}
		n := 1
		for n < len(wanted) && r.view.entries[wanted[n]].file == r.view.entries[wanted[0]].file {
			n++
		}
		if err := r.fetchFile(wanted[:n]); err != nil {
			return err
		}
		wanted = wanted[n:]
	}
	return nil
}
