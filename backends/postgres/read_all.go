package postgres

import (
	"context"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ReadAll implements [eventcore.AllReader]. What it yields is the global order as it
// stood when the first page was fetched, or the second where there is one. The server
// chooses whether it passes over all events behind the position or looks up those of a
// prefix, or of the beginning of a pattern, in an index.
func (s *Store) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		if limit < 0 {
			yield(eventcore.Recorded{}, &eventcore.StoreFailure{
				Operation: eventcore.OpReadAll, Err: fmt.Errorf("limit %d is negative; use 0 for no limit", limit),
			})
			return
		}
		where, args := condition(filter)
		from := &allReader{filter: filter, where: where, args: args, limit: limit, after: rowPosition(after), head: unknown}
		s.read(ctx, eventcore.OpReadAll, from, yield)
	}
}

// rowPosition returns a position as it is stored, the greatest number for one that no
// event can have.
func rowPosition(p eventcore.Position) int64 {
	hi, lo := p.Parts()
	if hi > 0 {
		return unknown
	}
	return column(lo)
}

// allReader fetches the global order.
type allReader struct {
	row    row
	pages  int
	filter eventcore.Filter
	// where is the condition that the server tests, args its arguments from $4 on.
	where string
	args  []any
	// limit is the number of events that are still wanted, 0: all.
	limit int
	// after is the position behind which to go on, head the one where the snapshot ends,
	// unknown as long as that is not known.
	after, head int64
}

const (
	selectAllBegin = "SELECT " + columns + ", stream_id FROM eventcore_events WHERE position > $1 AND position <= $2"
	// As selectStreamEnd.
	selectAllEndBegin = "SELECT " + columns + ", stream_id, (SELECT max(position) FROM eventcore_events) " +
		"FROM eventcore_events WHERE position > $1 AND position <= $2"
	selectAllEnd = " ORDER BY position LIMIT $3"
)

func (r *allReader) wanted() int { return r.limit }

func (r *allReader) query(ctx context.Context, conn *pgxpool.Conn, size int) (pgx.Rows, error) {
	r.pages++
	query := selectAllBegin
	if r.pages > 1 && r.head == unknown {
		query = selectAllEndBegin
	}
	return conn.Query(ctx, query+r.where+selectAllEnd, append([]any{r.after, r.head, size}, r.args...)...)
}

func (r *allReader) add(from pgx.Rows, p *page) error {
	targets := []any{&r.row.streamBytes, &r.row.last}
	if err := r.row.scan(from, targets[:len(from.FieldDescriptions())-columnCount]...); err != nil {
		return err
	}
	r.after = r.row.position
	// What the server lets through is more than the filter does.
	if r.filter.Match(r.row.stream, r.row.kind) {
		p.add(&r.row)
	}
	return nil
}

func (r *allReader) passed(p *page) {
	if r.row.last > 0 {
		r.head = r.row.last
	}
	if r.limit > 0 && len(p.events) == r.limit {
		p.end, p.limit = true, true
		return
	}
	r.limit -= min(r.limit, len(p.events))
	p.end = !p.full() || r.after >= r.head
}
