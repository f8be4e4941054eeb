package scenarios

import (
	"context"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// spy notes every append that goes through it. The error of a command does not tell
// what became of its appends: a read that fails looks like an append of unknown
// outcome to [eventcore.OutcomeOf].
type spy struct {
	inner    eventcore.Store
	streams  pushread.Reader
	attempts []Attempt
	// written backs the events of attempts, so that most appends allocate nothing.
	written []Written
}

// The room for attempts and for what they wrote is made in blocks of so many: growing a slice
// would copy what nobody looks for there any more.
const (
	spyBlock = 16
	// spyRoom is how many attempts nearly all operations have at most.
	spyRoom = 4
)

// room returns a slice with room for n more: s, or one without anything in it.
func room[T any](s []T, n int) []T {
	if cap(s)-len(s) >= n {
		return s
	}
	return make([]T, 0, max(spyBlock, n))
}

// begin prepares for an operation on store, and returns where its attempts will begin.
func (s *spy) begin(store eventcore.Store) int {
	s.inner, s.streams = store, pushread.Of(store)
	s.attempts = room(s.attempts, spyRoom)
	return len(s.attempts)
}

// Append implements [eventcore.Store]. The attempt is noted before it is made: who is taken
// down in its middle does not come back to note it.
func (s *spy) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	s.written = room(s.written, len(writes.Events()))
	participants, first := writes.Participants(), len(s.written)
	for _, write := range writes.Events() {
		to := participants[write.Participant]
		version := to.Expected + 1
		for i := first; i < len(s.written); i++ {
			if s.written[i].Stream == to.Stream {
				version++
			}
		}
		s.written = append(s.written, Written{to.Stream, version, write.Event})
	}
	number := len(s.attempts)
	s.attempts = append(s.attempts, Attempt{
		Outcome: eventcore.OutcomeUnknown,
		Events:  s.written[first:len(s.written):len(s.written)],
	})
	appended, err := s.inner.Append(ctx, writes)
	s.attempts[number].Outcome = eventcore.OutcomeOf(err)
	return appended, err
}

// ReadStream implements [eventcore.Store].
func (s *spy) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return s.inner.ReadStream(ctx, id, after)
}

// PushStream implements [pushread.Reader].
func (s *spy) PushStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version, consume pushread.Consumer) {
	s.streams.PushStream(ctx, id, after, consume)
}
