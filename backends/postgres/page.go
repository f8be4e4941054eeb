package postgres

import (
	"encoding/json"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// The size of a page in events. The first is small, since many sequences are short or
// broken off early.
const (
	firstPage   = 64
	largestPage = 2048
	// shortPage is the number of events for which there is room to begin with.
	shortPage = 16
)

const (
	// pageBytes is how large a page should be.
	pageBytes = 1 << 20
	// cutBytes ends a page early. What the server still wants to send of it can only be
	// stopped by giving up the connection.
	cutBytes = 4 << 20
)

// columns are those that row.scan expects, before what the query adds.
const columns = "position, version, recorded_at, event_id, type, metadata, data"

// columnCount is the number of [columns].
const columnCount = 7

// page is a piece of a sequence that was fetched and not yet delivered.
type page struct {
	events []eventcore.Recorded
	bytes  int
	// size is the number of rows that the server is asked for, rows what it sent.
	size, rows int
	// cut: there is more of the page on the connection.
	cut bool
	// end: no page follows.
	end bool
	// limit: it is the last because no more events were asked for.
	limit bool
}

// next empties the page and chooses its size: what is wanted, if that is known and not
// too much, and the more the longer the sequence is; less where the events of the last
// page were large.
func (p *page) next(wanted int) {
	if p.size == 0 {
		p.size, p.events = firstPage, make([]eventcore.Recorded, 0, shortPage)
	} else {
		p.size = min(2*p.size, largestPage)
	}
	if wanted > 0 {
		p.size = min(wanted, largestPage)
	}
	if p.bytes > 0 {
		p.size = min(p.size, max(1, pageBytes*p.rows/p.bytes))
	}
	clear(p.events)
	p.events, p.bytes, p.rows, p.cut = p.events[:0], 0, 0, false
}

// full says whether there may be more than was fetched.
func (p *page) full() bool { return p.cut || p.rows >= p.size }

// row is a row of a query.
type row struct {
	position, version int64
	recordedAt        pgtype.Timestamptz
	id                [16]byte
	metadata, data    []byte
	// kind and stream are taken over from the row before where they are the same.
	kindBytes, streamBytes pgtype.PreallocBytes
	kind                   string
	stream                 eventcore.StreamID
	// last is where the snapshot ends, if the query tells.
	last int64
}

// scan reads a row. into are the targets of the columns that the query adds.
func (r *row) scan(from pgx.Rows, into ...any) error {
	r.metadata, r.data = nil, nil
	r.kindBytes, r.streamBytes = r.kindBytes[:0], r.streamBytes[:0]
	var targets [9]any
	n := copy(targets[:], []any{&r.position, &r.version, &r.recordedAt, &r.id, &r.kindBytes, &r.metadata, &r.data})
	n += copy(targets[n:], into)
	if err := from.Scan(targets[:n]...); err != nil {
		return err
	}
	if string(r.kindBytes) != r.kind {
		r.kind = string(r.kindBytes)
	}
	if len(r.streamBytes) == 0 || string(r.streamBytes) == r.stream.String() {
		return nil
	}
	stream, err := eventcore.ParseStreamID(string(r.streamBytes))
	r.stream = stream
	return err
}

// event returns the row as an event, which owns its bytes.
func (r *row) event() eventcore.Recorded {
	var metadata json.RawMessage
	if len(r.metadata) > 0 {
		metadata = r.metadata
	}
	return eventcore.Recorded{
		ID: r.id, Stream: r.stream, Version: eventcore.Version(r.version),
		Type: r.kind, Data: r.data, Metadata: metadata,
		RecordedAt: r.recordedAt.Time.UTC(), Position: eventcore.NewPosition(0, uint64(r.position)),
	}
}

// add adds a row as an event.
func (p *page) add(r *row) {
	p.events = append(p.events, r.event())
	p.bytes += len(r.metadata) + len(r.data)
}
