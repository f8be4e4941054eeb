package mutant_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestStaleReadServesAnOlderPrefix(t *testing.T) {
	inner := newFake()
	store := wrap(t, "stale-read", inner)
	mustAppend(t, inner, "a@0 a1")
	for range 3 {
		require.Equal(t, "a1", stream(t, store, "a"))
	}
	mustAppend(t, inner, "a@1 a2")
	require.Equal(t, "a1", stream(t, store, "a"), "the fourth read is stale")
	require.Equal(t, "a1 a2", stream(t, store, "a"), "the fifth is not")
	require.Empty(t, stream(t, store, "b"), "streams are counted apart")
}

func TestEarlyEndReadsOnePage(t *testing.T) {
	inner := newFake()
	store := wrap(t, "early-end", inner)
	for i := range 8 {
		mustAppend(t, inner, fmt.Sprintf("a@%d a%d", i, i+1))
	}
	require.Equal(t, "a1 a2 a3 a4 a5 a6 a7 a8", stream(t, store, "a"))
	mustAppend(t, inner, "a@8 a9")
	require.Equal(t, "a1 a2 a3 a4 a5 a6 a7 a8", stream(t, store, "a"))
	require.Equal(t, "a3 a4 a5 a6 a7 a8 a9", names(store.ReadStream(t.Context(), eventcore.MustStreamID("a"), 2)))
}

func TestAfterOffByOneYieldsAnEventAgain(t *testing.T) {
	inner := newFake()
	store := wrap(t, "after-off-by-one", inner)
	mustAppend(t, inner, "a@0 a1 a2 a3")
	id := eventcore.MustStreamID("a")
	require.Equal(t, "a1 a2 a3", names(store.ReadStream(t.Context(), id, 0)))
	require.Equal(t, "a2 a3", names(store.ReadStream(t.Context(), id, 2)))
}

func TestCursorSkipShowsALaterPositionFirst(t *testing.T) {
	inner := newFake()
	store := wrap(t, "cursor-skip", inner)
	late, prompt := picked(t, "cursor-skip"), unpicked(t, "prompt")
	mustAppend(t, store, "z@0 "+unpicked(t, "old"))
	var cursor eventcore.Position
	ctx, task := during(t, func() {
		mustAppend(t, store, "b@0 "+prompt)
		for event, err := range store.(eventcore.AllReader).ReadAll(t.Context(), eventcore.Filter{}, eventcore.NewPosition(0, 1), 1) {
			require.NoError(t, err)
			require.Equal(t, idOf(prompt), event.ID, "what is hidden does not count against the limit")
			cursor = event.Position
		}
		require.NotContains(t, global(t, store), late)
		require.Equal(t, late, stream(t, store, "a"), "streams are not concerned")
	})
	result, err := store.Append(ctx, batch(t, "a@0 "+late))
	require.NoError(t, err)
	require.Len(t, task.names, 4)
	require.Negative(t, result.Last.Compare(cursor), "the cursor has passed over it")
	require.Equal(t, global(t, inner), global(t, store), "in the end all is shown")
}

func TestCursorSkipForgetsARefusedAppend(t *testing.T) {
	inner := newFake()
	store := wrap(t, "cursor-skip", inner)
	late := picked(t, "cursor-skip")
	_, err := store.Append(t.Context(), batch(t, "a@7 "+late))
	requireConflict(t, err, "a", 7, 0)
	mustAppend(t, inner, "a@0 "+late)
	require.Equal(t, late, global(t, store))
}
