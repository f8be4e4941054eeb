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
