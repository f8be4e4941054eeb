package eventcoretest

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// TB is what a scenario needs of a [testing.TB].
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Scenario is a test of a command with state S and events E: what was recorded before.
// [Given] makes one.
type Scenario[S, E any] struct {
	tb      TB
	codec   eventcore.Codec
	history *history
}

// Given begins a scenario with the events that were recorded before, in that order. S has
// to be named, as in Given[State](t, registry, …), and E too where there are no events.
// The events go through the codec, as in a store.
func Given[S, E any](tb TB, codec eventcore.Codec, events ...eventcore.Emit[E]) *Scenario[S, E] {
	tb.Helper()
	s := &Scenario[S, E]{tb: tb, codec: codec, history: &history{}}
	for _, event := range events {
		name, data, err := codec.Encode(event.Event)
		if err == nil && event.Stream.IsZero() {
			err = errors.New("the stream ID is the zero value; make it with ParseStreamID")
		}
		if err != nil {
			tb.Fatalf("given: encode event %+v for stream %q: %v", event.Event, event.Stream, err)
			return s
		}
		s.history.record(event.Stream, eventcore.Proposed{Type: name, Data: data})
	}
	return s
}

// When executes the command on what was given. What it emits is not recorded, so that
// several commands can be tried on one scenario.
func (s *Scenario[S, E]) When(command eventcore.Command[S, E], opts ...eventcore.Option) *Result[E] {
	s.tb.Helper()
	random := rand.New(rand.NewPCG(0, 0)) // IDs that are the same each time
	attempt := &attempt{history: s.history}
	all := append([]eventcore.Option{
		eventcore.WithCodec(s.codec), eventcore.WithRetry(eventcore.NoRetry()), eventcore.WithClock(epoch{}),
		eventcore.WithRandom(random), eventcore.WithIDs(eventcore.NewIDGenerator(epoch{}, random)),
	}, opts...)
	_, err := eventcore.Execute(context.Background(), attempt, command, all...)
	return &Result[E]{tb: s.tb, codec: s.codec, emitted: attempt.emitted, err: err}
}

// epoch is a clock that stands still and does not wait.
type epoch struct{}

func (epoch) Now() time.Time { return time.Unix(0, 0).UTC() }

func (epoch) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }
