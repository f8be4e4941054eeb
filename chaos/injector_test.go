package chaos_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const everything = "fail-before=5%, lost-request=6%, fail-after=7%, conflict=8%, delay=10%~20ms, delay-after=9%~3s, decode-error=20%, fail-read=25%, cancel=15%"

// scripted runs calls of clients in the given order, each client on a stream of its
// own, and returns a transcript for each client. What a client does is drawn for it
// alone.
func scripted(t require.TestingT, ctx context.Context, injector *chaos.Injector, clients []int) [][]string {
	inner := newFake()
	stores := make([]eventcore.Store, slices.Max(clients)+1)
	random := make([]*rand.Rand, len(stores))
	transcripts := make([][]string, len(stores))
	for id := range stores {
		stores[id] = injector.Wrap(id, inner)
		random[id] = rand.New(rand.NewPCG(7, uint64(id)))
	}
	for _, id := range clients {
		stream := eventcore.MustStreamID(fmt.Sprintf("own-%d", id))
		line := ""
		switch prefix, _ := eventcore.ParseStreamPrefix(stream.String()); random[id].IntN(4) {
		case 0:
			n, err := collect(t, stores[id].ReadStream(ctx, stream, 0))
			line = fmt.Sprintf("read %d %v", n, err)
		case 1:
			all, ok := stores[id].(eventcore.AllReader)
			require.True(t, ok)
			n, err := collect(t, all.ReadAll(ctx, eventcore.Filter{Prefix: prefix}, eventcore.Position{}, 10))
			line = fmt.Sprintf("read all %d %v", n, err)
		default:
			result, err := stores[id].Append(ctx, batch(t, stream, inner.versions[stream], random[id].IntN(3)))
			line = fmt.Sprintf("append %v %v", result.Streams, err)
		}
		transcripts[id] = append(transcripts[id], line)
	}
	return transcripts
}

func injectorOf(t require.TestingT, plan string, seed uint64) (*chaos.Injector, *tickClock) {
	parsed, err := chaos.ParsePlan(plan)
	require.NoError(t, err)
	clock := &tickClock{}
	return chaos.NewInjector(chaos.Config{Plan: parsed, Seed: seed, Clock: clock}), clock
}

func TestTheLogReplaysTheRun(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		clients := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 200).Draw(r, "order")
		drawn, slept := injectorOf(r, everything, rapid.Uint64().Draw(r, "seed"))
		want := scripted(r, t.Context(), drawn, clients)

		plan := chaos.Explicit(drawn.Log()...)
		require.NoError(r, plan.Validate())
		parsed, err := chaos.ParsePlan(plan.String())
		require.NoError(r, err)
		clock := &tickClock{}
		// Another seed: nothing is left to be drawn.
		replayed := chaos.NewInjector(chaos.Config{Plan: parsed, Seed: 99, Clock: clock})
		require.Equal(r, want, scripted(r, t.Context(), replayed, clients))
		require.Equal(r, drawn.Log(), replayed.Log())
		require.Equal(r, slept.slept, clock.slept)
	})
}

func TestDrawsDoNotDependOnOtherClients(t *testing.T) {
	order := make([]int, 0, 300)
	for call := range 100 {
		order = append(order, call%3, (call+1)%3, (call+2)%3)
	}
	interleaved, _ := injectorOf(t, everything, 5)
	oneByOne, _ := injectorOf(t, everything, 5)
	want := scripted(t, t.Context(), interleaved, order)
	got := scripted(t, t.Context(), oneByOne, slices.Sorted(slices.Values(order)))
	require.Equal(t, want, got)
	require.ElementsMatch(t, interleaved.Log(), oneByOne.Log())
	require.NotEqual(t, interleaved.Log(), oneByOne.Log(), "the orders differ, or this test shows nothing")
	require.True(t, slices.IsSortedFunc(oneByOne.Log(), func(a, b chaos.Fault) int { return a.Client - b.Client }))
}

func TestAKindsDrawsDoNotShiftAnothers(t *testing.T) {
	alone, _ := injectorOf(t, "fail-read=20%", 11)
	among, _ := injectorOf(t, "conflict=20% fail-read=20%", 11)
	order := make([]int, 300)
	for _, in := range []*chaos.Injector{alone, among} {
		scripted(t, t.Context(), in, order)
	}
	require.Positive(t, among.Fired(chaos.Conflict))
	calls := func(in *chaos.Injector) (calls []int) {
		for _, f := range in.Log() {
			if f.Kind == chaos.FailRead {
				calls = append(calls, f.Call*100+f.After)
			}
		}
		return calls
	}
	// Conflicts keep the stream shorter, so fewer reads may reach their fault; those
	// that do are the same.
	require.NotEmpty(t, calls(among))
	require.Subset(t, calls(alone), calls(among))
}

func TestOtherSeedsHitOtherCalls(t *testing.T) {
	one, _ := injectorOf(t, everything, 1)
	two, _ := injectorOf(t, everything, 2)
	order := make([]int, 100)
	scripted(t, t.Context(), one, order)
	scripted(t, t.Context(), two, order)
	require.NotEqual(t, one.Log(), two.Log())
}

func TestFiringsComeAtTheRateThatIsExpected(t *testing.T) {
	injector, clock := injectorOf(t, everything, 3)
	order := make([]int, 8000)
	for i := range order {
		order[i] = i % 40
	}
	scripted(t, t.Context(), injector, order)
	for _, info := range chaos.Kinds() {
		fired, expected := float64(injector.Fired(info.Kind)), injector.Expected(info.Kind)
		require.Greater(t, expected, 50.0, info.Kind)
		require.InDelta(t, expected, fired, 4*math.Sqrt(expected), info.Kind)
		require.Greater(t, float64(injector.Eligible(info.Kind)), fired)
	}
	require.Less(t, slices.Max(clock.slept), 3*time.Second+1)
	require.Len(t, clock.slept, injector.Fired(chaos.Delay)+injector.Fired(chaos.DelayAfter))
}

func TestFaultsOfReadsAreEligibleOnlyWhereTheReadGotSoFar(t *testing.T) {
	for _, kind := range []chaos.Kind{chaos.DecodeError, chaos.FailRead, chaos.Cancel} {
		injector, _ := injectorOf(t, kind.String()+"=0.0001%", 1)
		store := injector.Wrap(0, newFake())
		for range 200 {
			_, err := collect(t, store.ReadStream(t.Context(), streamA, 0))
			require.NoError(t, err)
		}
		if kind == chaos.DecodeError {
			require.Zero(t, injector.Eligible(kind), "an empty stream has nothing to decode")
			continue
		}
		require.Positive(t, injector.Eligible(kind))
		require.Less(t, injector.Eligible(kind), 200, "many were drawn for later events")
	}
}

func TestASingleFaultIsExpectedOnceItsCallCanHaveIt(t *testing.T) {
	injector, _ := injectorOf(t, "decode-error@c0.0+1 decode-error@c0.1+9", 1)
	store := injector.Wrap(0, fill(t, 3))
	for range 2 {
		_, _ = collect(t, store.ReadStream(t.Context(), streamA, 0))
	}
	require.Equal(t, 1, injector.Fired(chaos.DecodeError))
	require.Equal(t, 1, injector.Eligible(chaos.DecodeError))
	require.InDelta(t, 1.0, injector.Expected(chaos.DecodeError), 0)
}

func TestEachIterationIsACall(t *testing.T) {
	injector, _ := injectorOf(t, "fail-before@c0.1 fail-before@c0.2", 1)
	store := injector.Wrap(0, fill(t, 3))
	seq := store.ReadStream(t.Context(), streamA, 0)
	for _, want := range []int{3, 0} {
		n, _ := collect(t, seq)
		require.Equal(t, want, n)
	}
	_, err := injector.Wrap(0, newFake()).Append(t.Context(), batch(t, streamA, 0, 1))
	require.ErrorIs(t, err, chaos.ErrInjected, "a store that is wrapped anew goes on with the count")
}

func TestASingleFaultGoesBeforeTheRates(t *testing.T) {
	injector, _ := injectorOf(t, "fail-before=100% conflict@c0.1 decode-error@c0.2", 1)
	store := injector.Wrap(0, newFake())
	for call := range 4 {
		_, err := store.Append(t.Context(), batch(t, streamA, 0, 1))
		require.Equal(t, call != 2, err != nil, "call %d: a single fault that cannot hit its call still has it", call)
	}
	require.Equal(t, "fail-before@c0.0, conflict@c0.1, fail-before@c0.3", chaos.Explicit(injector.Log()...).String())
}

func TestObserveSeesEachFaultWithItsContext(t *testing.T) {
	type key struct{}
	var seen []chaos.Fault
	plan, err := chaos.ParsePlan("fail-before@c0.0 cancel@c0.1+2")
	require.NoError(t, err)
	injector := chaos.NewInjector(chaos.Config{Plan: plan, Observe: func(ctx context.Context, f chaos.Fault) {
		require.Equal(t, "mine", ctx.Value(key{}))
		require.NoError(t, ctx.Err())
		seen = append(seen, f)
	}})
	ctx := context.WithValue(t.Context(), key{}, "mine")
	store := injector.Wrap(0, fill(t, 5))
	for range 2 {
		_, err := collect(t, store.ReadStream(ctx, streamA, 0))
		require.Error(t, err)
	}
	require.Equal(t, injector.Log(), seen)
	require.Len(t, seen, 2)
}
