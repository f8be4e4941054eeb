package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// The size of a page. The first is small, since many sequences are short or broken
// off early.
const (
	firstPage   = 64
	largestPage = 512
	// shortPage is the number of events for which there is room to begin with.
	shortPage = 16
	// pageBytes ends a page early, so that large events do not make it large: it holds
	// one event more than fits.
	pageBytes = 256 << 10
)

// columns are those that row.set expects. A reader of one stream knows its name.
const columns = "position, version, event_id, type, recorded_at, metadata, data"

// page is a piece of a sequence that was fetched and not yet delivered.
type page struct {
	events []eventcore.Recorded
	bytes  int
	// size is the number of events that it may have.
	size int
	// end: no page follows.
	end bool
	// limit: it is the last because no more events were asked for.
	limit bool
}

// next empties the page and makes it larger.
func (p *page) next() {
	clear(p.events)
	p.events, p.bytes = p.events[:0], 0
	if p.size == 0 {
		p.size, p.events = firstPage, make([]eventcore.Recorded, 0, shortPage)
		return
	}
	p.size = min(2*p.size, largestPage)
}

func (p *page) full() bool { return len(p.events) >= p.size || p.bytes >= pageBytes }

// cursor is what fetching remembers of the rows it has passed.
type cursor struct {
	position int64
	version  int64
}

// fetch adds the events of a query to the page until it is full. stream is the one
// that all events belong to; where it is the zero value the query's last column has
// the stream. keep says which events are wanted; nil: all.
func (p *page) fetch(
	ctx context.Context, on *session, stream eventcore.StreamID,
	keep func(stream eventcore.StreamID, eventType string) bool, query string, args []sqldriver.Value,
) (passed cursor, err error) {
	r := row{stream: stream}
	err = on.query(ctx, query, args, func(values []sqldriver.Value) (bool, error) {
		if err := r.set(values); err != nil {
			return false, err
		}
		passed = cursor{r.position, r.version}
		if keep == nil || keep(r.stream, r.kind) {
			p.events = append(p.events, r.event())
			p.bytes += len(r.metadata) + len(r.data)
		}
		return !p.full(), nil
	})
	return passed, err
}

// row is a row of a query. Its bytes are the driver's.
type row struct {
	position, version, recordedAt int64
	id, metadata, data            []byte
	kind                          string
	stream                        eventcore.StreamID
}

// knownColumns is the number of [columns].
const knownColumns = 7

// set takes over the columns of a row.
func (r *row) set(values []sqldriver.Value) error {
	var ok [5]bool
	r.position, ok[0] = values[0].(int64)
	r.version, ok[1] = values[1].(int64)
	r.id, ok[2] = values[2].([]byte)
	r.kind = text(values[3])
	r.recordedAt, ok[3] = values[4].(int64)
	r.metadata, _ = values[5].([]byte) // NULL: none
	r.data, ok[4] = values[6].([]byte)
	if ok != [5]bool{true, true, true, true, true} || len(r.id) != len(eventcore.EventID{}) {
		return fmt.Errorf("the event at position %v has columns of other types than the schema says", values[0])
	}
	if len(values) == knownColumns {
		return nil
	}
	name := text(values[knownColumns])
	if name == r.stream.String() {
		return nil // as that of the row before, which is common
	}
	stream, err := eventcore.ParseStreamID(name)
	if err != nil {
		return fmt.Errorf("the event at position %d: %w", r.position, err)
	}
	r.stream = stream
	return nil
}

// event returns the row as an event that owns its bytes.
func (r *row) event() eventcore.Recorded {
	payload := make([]byte, len(r.metadata)+len(r.data))
	split := copy(payload, r.metadata)
	copy(payload[split:], r.data)
	var metadata json.RawMessage
	if split > 0 {
		metadata = payload[:split:split]
	}
	return eventcore.Recorded{
		ID: eventcore.EventID(r.id), Stream: r.stream, Version: eventcore.Version(r.version),
		Type: r.kind, Data: payload[split:], Metadata: metadata,
		RecordedAt: time.Unix(0, r.recordedAt).UTC(), Position: eventcore.NewPosition(0, uint64(r.position)),
	}
}
