package postgres

import (
	"context"
	"iter"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// reader fetches a sequence page by page. Each iteration has its own.
type reader interface {
	// wanted returns the number of events that are still wanted, 0 for all.
	wanted() int
	// query asks for the next page.
	query(ctx context.Context, conn *pgxpool.Conn, size int) (pgx.Rows, error)
	// add adds a row to the page.
	add(from pgx.Rows, p *page) error
	// passed notes that a page was fetched, and marks it if it was the last.
	passed(p *page)
}

// ReadStream implements [eventcore.Store]. What it yields is the stream as it stood
// when the first page was fetched, or the second where there is one.
func (s *Store) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		from := &streamReader{row: row{stream: id}, after: column(uint64(after)), last: unknown}
		s.read(ctx, eventcore.OpReadStream, from, yield)
	}
}

// read yields what the reader fetches.
func (s *Store) read(ctx context.Context, op eventcore.Operation, from reader, yield func(eventcore.Recorded, error) bool) {
	fail := func(err error) {
		yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: op, Err: because(ctx, err)})
	}
	var p page
	for !p.end {
		p.next(from.wanted())
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

// fetch fetches a page over a connection that it holds no longer than that takes.
func (s *Store) fetch(ctx context.Context, from reader, p *page) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	conn, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	rows, err := from.query(ctx, conn, p.size)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := from.add(rows, p); err != nil {
			return err
		}
		p.rows++
		if p.bytes >= cutBytes && p.rows < p.size {
			p.cut = true
			// Closing the rows would read them to their end. A connection that is cut ends them
			// at once, and the pool makes another when it needs one.
			if err := conn.Conn().PgConn().Conn().Close(); err != nil {
				return err
			}
			from.passed(p)
			return ctx.Err()
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	from.passed(p)
	return ctx.Err()
}

// streamReader fetches a stream.
type streamReader struct {
	row   row
	pages int
	after int64
	// last is the version at which the snapshot ends, unknown as long as that is not
	// known.
	last int64
}

// unknown is greater than any version or position.
const unknown = math.MaxInt64

const (
	selectStream = "SELECT " + columns + " FROM eventcore_events WHERE stream_id = $1 AND version > $2 AND version <= $3 ORDER BY version LIMIT $4"
	// The second page fixes the end. From here on the stream is read as it is then: its
	// events do not change, so the first page is part of that.
	selectStreamEnd = "SELECT " + columns + ", (SELECT max(version) FROM eventcore_events WHERE stream_id = $1) " +
		"FROM eventcore_events WHERE stream_id = $1 AND version > $2 ORDER BY version LIMIT $3"
)

func (r *streamReader) wanted() int { return 0 }

func (r *streamReader) query(ctx context.Context, conn *pgxpool.Conn, size int) (pgx.Rows, error) {
	r.pages++
	if r.pages > 1 && r.last == unknown {
		return conn.Query(ctx, selectStreamEnd, r.row.stream.String(), r.after, size)
	}
	return conn.Query(ctx, selectStream, r.row.stream.String(), r.after, r.last, size)
}

func (r *streamReader) add(from pgx.Rows, p *page) error {
	var err error
	if r.pages > 1 && len(from.FieldDescriptions()) > columnCount {
		err = r.row.scan(from, &r.row.last)
	} else {
		err = r.row.scan(from)
	}
	if err != nil {
		return err
	}
	r.after = r.row.version
	p.add(&r.row)
	return nil
}

func (r *streamReader) passed(p *page) {
	if r.row.last > 0 {
		r.last = r.row.last
	}
	p.end = !p.full() || r.after >= r.last
}
