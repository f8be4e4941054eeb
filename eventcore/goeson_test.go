package eventcore_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// goingOn yields all of what it reads, whether it is wanted or not, as often as it has been told.
type goingOn struct {
	eventcore.Store
	yields []error
}

func (s goingOn) ReadStream(_ context.Context, id eventcore.StreamID, _ eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		for _, err := range s.yields {
			yield(eventcore.Recorded{Stream: id, Version: 1, Type: "unheard-of"}, err)
		}
	}
}

// A store that goes on where the loop of a reader has ended is told so by a panic, as by the
// loop itself: events that it yields then would be folded into whatever is read next.
func TestExecutePanicsWhereAStoreGoesOnWithAReadThatHasEnded(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		yields []error
		panics bool
	}{
		"after an error":           {[]error{broken, nil}, true},
		"after a refused event":    {[]error{nil, nil}, true},
		"it ends with the error":   {[]error{broken}, false},
		"it ends with the refusal": {[]error{nil}, false},
	} {
		t.Run(name, func(t *testing.T) {
			store := goingOn{memory.New(memory.Config{}), test.yields}
			read := func() {
				_, err := eventcore.Execute(t.Context(), store, &trailing{streams: ids("a")}, eventcore.WithCodec(trailCodec()))
				require.Error(t, err)
			}
			if test.panics {
				require.PanicsWithError(t, "eventcore: the store goes on with a read that the command has ended", read)
			} else {
				require.NotPanics(t, read)
			}
		})
	}
}

// muffling stops what its reader panics with, and ends the read as if that were all there is.
type muffling struct{ eventcore.Store }

func (s muffling) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		defer func() { _ = recover() }()
		s.Store.ReadStream(ctx, id, after)(yield)
	}
}

// explosive is a command that panics at the second event.
type explosive struct{ trailing }

func (e *explosive) Apply(state trail, event eventcore.Event[scriptEvent]) trail {
	if event.Version > 1 {
		panic("planted")
	}
	return e.trailing.Apply(state, event)
}

// A command whose panic the store stops has seen a part of the stream, and must not decide on it.
func TestExecutePanicsWhereAStoreStopsThePanicOfItsCommand(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "")
	execute := func(store eventcore.Store) func() {
		return func() {
			_, err := eventcore.Execute(t.Context(), store, &explosive{trailing{streams: ids("a")}}, eventcore.WithCodec(trailCodec()))
			require.Fail(t, "the command has decided", err)
		}
	}
	require.PanicsWithValue(t, "planted", execute(store))
	require.PanicsWithError(t, "eventcore: the store has stopped a panic of the command in the middle of a read", execute(muffling{store}))
}
