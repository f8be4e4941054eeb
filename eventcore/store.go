package eventcore

import (
	"context"
	"iter"
	"slices"
)

// Store is an event store: what every backend implements. All methods are safe
// for concurrent use. Use storetest.Run to check an implementation of Store.
type Store interface {
	// Append records a batch, all of it or nothing. It first compares the
	// version of every participant with the expected one, those that the batch
	// does not write to and those that do not exist included; a difference is
	// refused with a [*VersionConflict] and changes nothing. A batch without events
	// checks its participants all the same.
	//
	// Events of one stream get the versions that follow its expected version,
	// and all events get growing positions, both in the order of
	// [Writes.Events]. The store does not keep or change the slices of writes.
	//
	// On an error [OutcomeOf] tells whether the batch is known not to be applied.
	// A store never claims that of a batch which may have been applied. A context
	// that is cancelled before anything was written yields an error that wraps the
	// context's and is known not applied.
	Append(ctx context.Context, writes Writes) (Appended, error)

	// ReadStream yields the events of a stream whose version is greater than
	// after, oldest first, as they stood at one moment between the first step of
	// the iteration and its end. A stream that does not exist has no events.
	//
	// The sequence is lazy and may be iterated again, which reads anew. An error
	// is yielded once, with a zero Recorded, and ends the sequence; a cancelled
	// context is such an error. Breaking out of the loop releases every resource;
	// no lock is held while the loop's body runs, so the body may append to the
	// very stream it reads.
	ReadStream(ctx context.Context, id StreamID, after Version) iter.Seq2[Recorded, error]
}

// AllReader is a [Store] that can also read the events of all streams in one
// global order.
type AllReader interface {
	// ReadAll yields the events that match the filter and whose position is
	// greater than after, in the order of their positions, as they stood at one moment
	// between the first step of the iteration and its end: an append that had returned
	// before is seen. It yields at most limit of them, with a limit of 0 all; a
	// negative limit is an error. The filter applies before the limit. Laziness,
	// errors and release of resources are as for ReadStream.
	//
	// A cursor never skips: an event that is recorded later never gets a position
	// at or below one that was already returned. The events of one append follow
	// one another in the order of [Writes.Events].
	ReadAll(ctx context.Context, filter Filter, after Position, limit int) iter.Seq2[Recorded, error]
}

// Appended is the result of an append.
type Appended struct {
	// Streams holds the new version of each stream that was written to, in the
	// order of [Writes.Participants]. It is empty for a batch without events.
	Streams []StreamVersion
	// Last is the position of the batch's last event, zero for a batch without
	// events and for stores without a global order.
	Last Position
}

// StreamVersion is a stream at a version.
type StreamVersion struct {
	Stream  StreamID
	Version Version
}

// Filter selects events. An event must satisfy every field that is set; the zero
// value selects all events.
type Filter struct {
	Prefix  StreamPrefix
	Pattern StreamPattern
	// Types selects the events whose type is one of them.
	Types []string
}

// IsZero says whether the filter selects every event.
func (f Filter) IsZero() bool { return f.Prefix.IsZero() && f.Pattern.IsZero() && len(f.Types) == 0 }

// Match says whether the filter selects an event of that stream and type.
func (f Filter) Match(stream StreamID, eventType string) bool {
	return f.Prefix.Match(stream) && f.Pattern.Match(stream) &&
		(len(f.Types) == 0 || slices.Contains(f.Types, eventType))
}
