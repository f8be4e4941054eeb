// Package published puts the backends of this repository beside event logs that others have published, on the same
// database with the same settings. What each does for an append, and what not, is in README.md.
package published

import (
	"context"
	"errors"
)

// ErrMoved is what errors.Is finds where a stream is not at the revision that an append expects.
var ErrMoved = errors.New("the stream is at another revision")

// Log is a log of events with one order of all of them. It is safe for concurrent use.
type Log interface {
	// Append appends one event to a stream. The revision is what the append before it returned, 0 for the first.
	Append(ctx context.Context, stream string, revision int64, data []byte) (int64, error)
	// Page returns the events behind a position, as many as limit at most.
	Page(ctx context.Context, after Position, limit int) ([]Event, error)
	// Close gives back what the log holds.
	Close() error
}

// Streams is a [Log] that compares revisions and can read one stream.
type Streams interface {
	// Tail returns the events of a stream behind a revision.
	Tail(ctx context.Context, stream string, revision int64) ([]Event, error)
	// Last returns the last event of a stream, which is at the revision.
	Last(ctx context.Context, stream string, revision int64) (Event, error)
}

// Position is a place in the order of all events, in what numbers a log has for that. The zero value is before the first.
type Position struct{ Hi, Lo uint64 }

// Event is an event as it was read.
type Event struct {
	Stream string
	Data   []byte
	At     Position
}
