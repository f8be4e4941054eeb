package eventcore

// Command is a decision over the state of one or more streams. S is that state, its
// zero value the state before any event; E is the type of the events, most often an
// interface. A command is used by one execution at a time; Apply and Handle are
// pure, since a version conflict runs them again.
type Command[S, E any] interface {
	// Streams returns the streams the command is known to need before any event
	// is read. They are read in this order. There is at least one; none is
	// there twice.
	Streams() []StreamID
	// Apply folds one event into the state and returns the new state. Events come
	// in stream order, one whole stream after the other.
	Apply(state S, event Event[E]) S
	// Handle decides. It returns the events to append, in order, to streams that
	// were declared or discovered, or the business rule that forbids the command:
	// that error is returned by Execute as it is and nothing is appended. No
	// events and no error is a decision too: the streams are still checked not to
	// have moved.
	Handle(state S) ([]Emit[E], error)
}

// Discoverer is a [Command] that finds further streams in the state of those
// already read. Without it only the declared streams are read. S is the S of the
// command; a Discover method of another type is not seen, so let the compiler check it:
// var _ eventcore.Discoverer[State] = (*MyCommand)(nil).
type Discoverer[S any] interface {
	// Discover returns the streams that this state shows to be needed; those read
	// already are ignored. It is asked again after each round of reading until it
	// names no new stream. All streams take part in the same concurrency check.
	Discover(state S) []StreamID
}

// Event is a recorded event with its payload decoded.
type Event[E any] struct {
	Recorded
	Payload E
}

// Emit is an event on its way to a stream.
type Emit[E any] struct {
	Stream StreamID
	Event  E
}

// To returns the instruction to append event to stream.
func To[E any](stream StreamID, event E) Emit[E] { return Emit[E]{stream, event} }
