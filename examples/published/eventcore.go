package published

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/google/uuid"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Backend is a backend of this repository.
type Backend interface {
	eventcore.Store
	eventcore.AllReader
	Close() error
}

// Eventcore is a [Log] and [Streams] on a backend of this repository. A revision is the version of the stream.
type Eventcore struct{ Backend Backend }

// Append implements [Log].
func (l Eventcore) Append(ctx context.Context, stream string, revision int64, data []byte) (int64, error) {
	to, errStream := eventcore.ParseStreamID(stream)
	id, errID := uuid.NewV7()
	if err := errors.Join(errStream, errID); err != nil {
		return 0, err
	}
	var w eventcore.Writes
	if err := w.Expect(to, eventcore.Version(revision)); err != nil {
		return 0, err
	}
	if err := w.Append(to, eventcore.Proposed{ID: id, Type: "deposited", Data: data}); err != nil {
		return 0, err
	}
	appended, err := l.Backend.Append(ctx, w)
	if errors.Is(err, eventcore.ErrVersionConflict) {
		return 0, fmt.Errorf("%w: %w", ErrMoved, err)
	}
	if err != nil {
		return 0, err
	}
	return int64(appended.Streams[0].Version), nil
}

// Page implements [Log].
func (l Eventcore) Page(ctx context.Context, after Position, limit int) ([]Event, error) {
	from := eventcore.NewPosition(after.Hi, after.Lo)
	return collect(l.Backend.ReadAll(ctx, eventcore.Filter{}, from, limit), make([]Event, 0, limit))
}

// Tail implements [Streams].
func (l Eventcore) Tail(ctx context.Context, stream string, revision int64) ([]Event, error) {
	id, err := eventcore.ParseStreamID(stream)
	if err != nil {
		return nil, err
	}
	return collect(l.Backend.ReadStream(ctx, id, eventcore.Version(revision)), nil)
}

// Last implements [Streams]. A store reads from a version on, so it needs the revision.
func (l Eventcore) Last(ctx context.Context, stream string, revision int64) (Event, error) {
	events, err := l.Tail(ctx, stream, revision-1)
	if err != nil {
		return Event{}, err
	}
	if len(events) != 1 {
		return Event{}, fmt.Errorf("%w: %d events at %d and behind", ErrMoved, len(events), revision)
	}
	return events[0], nil
}

// Close implements [Log].
func (l Eventcore) Close() error { return l.Backend.Close() }

// collect adds all that a sequence has.
func collect(all iter.Seq2[eventcore.Recorded, error], to []Event) ([]Event, error) {
	for recorded, err := range all {
		if err != nil {
			return nil, err
		}
		hi, lo := recorded.Position.Parts()
		to = append(to, Event{Stream: recorded.Stream.String(), Data: recorded.Data, At: Position{hi, lo}})
	}
	return to, nil
}
