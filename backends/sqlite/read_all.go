package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"fmt"
	"iter"
	"math"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ReadAll implements [eventcore.AllReader]. What it yields is the global order as it
// stood when the first page was fetched. A prefix, and the beginning of a pattern,
// that few events have is looked up in an index; other filters pass over all events
// behind the position.
func (s *Store) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		if limit < 0 {
			yield(eventcore.Recorded{}, &eventcore.StoreFailure{
				Operation: eventcore.OpReadAll, Err: fmt.Errorf("limit %d is negative; use 0 for no limit", limit),
			})
			return
		}
		from := &allReader{
			store: s, filter: filter, condition: newCondition(filter), limit: limit,
			after: rowPosition(after), head: unknown, window: firstWindow,
		}
		s.read(ctx, eventcore.OpReadAll, from, yield)
	}
}

// rowPosition returns a position as it is stored, the greatest number for one that no
// event can have.
func rowPosition(p eventcore.Position) int64 {
	hi, lo := p.Parts()
	if hi > 0 || lo > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(lo)
}

// allReader fetches the global order.
type allReader struct {
	store     *Store
	filter    eventcore.Filter
	condition condition
	// limit is the number of events that are still wanted, 0: all.
	limit int

	// after is the position behind which to go on, head the one where the snapshot ends,
	// unknown as long as that is not known.
	after, head int64
	// window is the number of positions that one statement may pass over.
	window int64
	// found has the positions of the events in the range of the condition that are still
	// to be fetched, where the index was used.
	found  []int64
	looked bool
}

// The number of positions that one statement passes over at most: the context is asked
// after each.
const (
	firstWindow   = 4 << 10
	largestWindow = 32 << 10
)

const lastOfAll = "SELECT ifnull(max(position), 0) FROM eventcore_events"

func (r *allReader) fetch(ctx context.Context, on *session, p *page) error {
	if r.limit > 0 {
		p.size = min(r.limit, largestPage)
	}
	// One statement sees one moment. Where it takes more, the first one fixes it.
	if !r.condition.all {
		if err := r.fixHead(ctx, on); err != nil {
			return err
		}
	}
	for r.after < r.head && !p.full() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.step(ctx, on, p); err != nil {
			return err
		}
	}
	if r.limit > 0 && len(p.events) == r.limit {
		p.end, p.limit = true, true
		return nil
	}
	r.limit -= min(r.limit, len(p.events))
	if r.after < r.head {
		if err := r.fixHead(ctx, on); err != nil {
			return err
		}
	}
	p.end = r.after >= r.head
	return nil
}

// fixHead makes the present moment the one of the snapshot, unless that is fixed. What
// was fetched so far is part of it: it does not change, and nothing came in between.
func (r *allReader) fixHead(ctx context.Context, on *session) error {
	if r.head != unknown {
		return nil
	}
	return r.store.whileBusy(ctx, func() (err error) {
		r.head, err = on.number(ctx, lastOfAll)
		return err
	})
}

// step fetches what one statement can.
func (r *allReader) step(ctx context.Context, on *session, p *page) error {
	if r.found != nil {
		return r.fetchFound(ctx, on, p)
	}
	if err := r.scan(ctx, on, p); err != nil {
		return err
	}
	if r.looked || p.full() || r.condition.inRange == "" {
		return nil
	}
	// A whole window had less than a page: perhaps the rest is a desert.
	r.looked = true
	return r.lookUp(ctx, on)
}

const (
	// By its index on streams SQLite would have to sort.
	scanBegin = "SELECT " + columns + ", stream_id FROM eventcore_events NOT INDEXED WHERE position > ? AND position <= ?"
	scanEnd   = " ORDER BY position"
)

// scan passes over the next events in the global order.
func (r *allReader) scan(ctx context.Context, on *session, p *page) error {
	to := r.head
	if !r.condition.all {
		to = min(r.head, r.after+r.window)
		r.window = min(2*r.window, largestWindow)
	}
	args := append([]sqldriver.Value{r.after, to}, r.condition.args...)
	passed, err := r.rows(ctx, on, p, scanBegin+r.condition.where+scanEnd, args)
	if err != nil {
		return err
	}
	r.after = to
	if p.full() {
		r.after = passed.position
	}
	return nil
}

// rows adds those rows of a query to the page that match the filter.
func (r *allReader) rows(ctx context.Context, on *session, p *page, query string, args []sqldriver.Value) (passed cursor, err error) {
	had, bytes := len(p.events), p.bytes
	err = r.store.whileBusy(ctx, func() (err error) {
		p.events, p.bytes = p.events[:had], bytes
		passed, err = p.fetch(ctx, on, eventcore.StreamID{}, r.filter.Match, query, args)
		return err
	})
	return passed, err
}
