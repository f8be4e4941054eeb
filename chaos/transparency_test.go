package chaos_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// never is a plan that wraps every client and, at its seed, hits no call of a test.
const never = "fail-before=0.0000001%, lost-request=0.0000001%, fail-after=0.0000001%, conflict=0.0000001%, delay=0.0000001%, delay-after=0.0000001%, decode-error=0.0000001%, fail-read=0.0000001%, cancel=0.0000001%"

func TestAPlanWithNothingForAClientLeavesTheStoreAlone(t *testing.T) {
	inner := newFake()
	injector, _ := injectorOf(t, "none", 1)
	require.Same(t, inner, injector.Wrap(0, inner))
	injector, _ = injectorOf(t, "cancel@c2.0", 1)
	require.Same(t, inner, injector.Wrap(0, inner))
	require.NotSame(t, inner, injector.Wrap(2, inner))
}

func TestTheWrapperHasAGlobalOrderIfTheStoreHas(t *testing.T) {
	store, _, _ := inject(t, never, newFake())
	require.Implements(t, (*eventcore.AllReader)(nil), store)
	store, _, _ = inject(t, never, streamsOnly{newFake()})
	_, has := store.(eventcore.AllReader)
	require.False(t, has)
}

func TestCallsThatAreNotHitAreForwardedAsTheyAre(t *testing.T) {
	plain, wrapped := newFake(), newFake()
	store, injector, _ := inject(t, never, wrapped)
	want, got := transcript(t, plain), transcript(t, store)
	require.Equal(t, want, got)
	require.NotEmpty(t, want)
	require.Empty(t, injector.Log())
	require.Equal(t, plain, wrapped)
}

// transcript calls a store in all the ways it can be called and returns all that it
// answers.
func transcript(t *testing.T, store eventcore.Store) []string {
	var lines []string
	note := func(values ...any) { lines = append(lines, fmt.Sprint(values...)) }
	read := func(seq iter.Seq2[eventcore.Recorded, error], limit int) {
		n := 0
		for event, err := range seq {
			note(event, err)
			if n++; n == limit {
				break
			}
		}
	}
	for _, w := range []eventcore.Writes{
		batch(t, streamA, 0, 3, streamB), batch(t, streamA, 1, 1), batch(t, streamB, 0, 0), batch(t, streamB, 0, 2), {},
	} {
		result, err := store.Append(t.Context(), w)
		note(result, err)
	}
	prefix, err := eventcore.ParseStreamPrefix("b")
	require.NoError(t, err)
	all := store.(eventcore.AllReader)
	for _, limit := range []int{1, 2, 100} {
		read(store.ReadStream(t.Context(), streamA, 0), limit)
		read(store.ReadStream(t.Context(), streamA, 2), limit)
		read(all.ReadAll(t.Context(), eventcore.Filter{}, eventcore.NewPosition(0, 1), 3), limit)
		read(all.ReadAll(t.Context(), eventcore.Filter{Prefix: prefix}, eventcore.Position{}, 3), limit)
	}
	return lines
}

func TestAppendsThatAreNotHitAllocateNothingMore(t *testing.T) {
	w := batch(t, streamA, 7, 1)
	count := func(store eventcore.Store) float64 {
		return testing.AllocsPerRun(100, func() { _, _ = store.Append(t.Context(), w) })
	}
	plain := count(refuses{newFake()})
	for _, plan := range []string{"none", never} {
		store, _, _ := inject(t, plan, refuses{newFake()})
		require.InDelta(t, plain, count(store), 0, plan)
	}
	healed, injector, _ := inject(t, everything, refuses{newFake()})
	injector.Heal()
	require.InDelta(t, plain, count(healed), 0)
}

func TestReadsThatAreNotHitAllocateOnlyTheSequence(t *testing.T) {
	count := func(store eventcore.Store) float64 {
		return testing.AllocsPerRun(100, func() {
			for range store.ReadStream(t.Context(), streamA, 0) {
				continue
			}
		})
	}
	plain := count(fill(t, 10))
	store, injector, _ := inject(t, never, fill(t, 10))
	require.LessOrEqual(t, count(store), plain+1, "the sequence")
	injector.Heal()
	require.LessOrEqual(t, count(store), plain+1, "the sequence")
}

// refuses answers appends without an allocation.
type refuses struct{ *fake }

func (refuses) Append(context.Context, eventcore.Writes) (eventcore.Appended, error) {
	return eventcore.Appended{}, eventcore.ErrVersionConflict
}

func BenchmarkAppend(b *testing.B) {
	w := batch(b, streamA, 0, 0)
	for _, plan := range []string{"none", "conflict=0.0000001%", never} {
		b.Run(fmt.Sprintf("%.20s", plan), func(b *testing.B) {
			store, _, _ := inject(b, plan, newFake())
			b.ReportAllocs()
			for b.Loop() {
				_, _ = store.Append(b.Context(), w)
			}
		})
	}
}

func BenchmarkReadStream(b *testing.B) {
	for _, plan := range []string{"none", never} {
		b.Run(fmt.Sprintf("%.20s", plan), func(b *testing.B) {
			store, _, _ := inject(b, plan, fill(b, 10))
			b.ReportAllocs()
			for b.Loop() {
				for range store.ReadStream(b.Context(), streamA, 0) {
					continue
				}
			}
		})
	}
}
