package pushread_test

import (
	"context"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// layer passes reads on by pushing them, and counts sequences that were asked for.
type layer struct {
	streams   pushread.Reader
	all       pushread.AllReader
	sequences *int
}

func (l layer) Append(context.Context, eventcore.Writes) (eventcore.Appended, error) {
	return eventcore.Appended{}, nil
}

func (l layer) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	*l.sequences++
	return pushread.Stream(ctx, l, id, after)
}

func (l layer) PushStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version, consume pushread.Consumer) {
	l.streams.PushStream(ctx, id, after, consume)
}

func (l layer) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	*l.sequences++
	return pushread.All(ctx, l, filter, after, limit)
}

func (l layer) PushAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int, consume pushread.Consumer) {
	l.all.PushAll(ctx, filter, after, limit, consume)
}

// store has both kinds of reads.
type store interface {
	eventcore.Store
	eventcore.AllReader
}

func TestLayersPassReadsOnWithOneSequence(t *testing.T) {
	bare, stream := memory.New(memory.Config{}), eventcore.MustStreamID("a/1")
	ids := eventcore.NewIDGenerator(eventcore.SystemClock{}, prng.New(1, "ids"))
	var w eventcore.Writes
	require.NoError(t, w.Expect(stream, 0))
	for range 5 {
		require.NoError(t, w.Append(stream, eventcore.Proposed{ID: ids.NewEventID(), Type: "t", Data: []byte("1")}))
	}
	_, err := bare.Append(t.Context(), w)
	require.NoError(t, err)

	sequences := 0
	lower := layer{pushread.Of(bare), pushread.OfAll(bare), &sequences}
	upper := layer{pushread.Of(lower), pushread.OfAll(lower), &sequences}
	for name, read := range map[string]func(of store) iter.Seq2[eventcore.Recorded, error]{
		"stream": func(of store) iter.Seq2[eventcore.Recorded, error] {
			return of.ReadStream(t.Context(), stream, 2)
		},
		"all": func(of store) iter.Seq2[eventcore.Recorded, error] {
			return of.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 4)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var want, got []eventcore.Recorded
			for e, err := range read(bare) {
				require.NoError(t, err)
				want = append(want, e)
			}
			sequences = 0
			events := read(upper)
			for range 2 { // a sequence may be iterated again
				got = got[:0]
				for e, err := range events {
					require.NoError(t, err)
					got = append(got, e)
				}
				require.Equal(t, want, got)
			}
			require.Equal(t, 1, sequences)
			for range events {
				break
			}
		})
	}
}
