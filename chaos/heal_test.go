package chaos_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestHealEndsAllFaults(t *testing.T) {
	for _, info := range chaos.Kinds() {
		inner := fill(t, 20)
		store, injector, clock := inject(t, info.Kind.String()+"=100%", inner)
		injector.Heal()
		for _, op := range operations() {
			_, err := op.call(t, store)
			require.NoError(t, err, "%s on %s", info.Kind, op.name)
		}
		require.Empty(t, clock.slept)
		require.Empty(t, injector.Log())
		require.Zero(t, injector.Eligible(info.Kind))
		require.Same(t, inner, injector.Wrap(1, inner))
	}
}

func TestHealEndsFaultsOfAReadThatHasBegun(t *testing.T) {
	for _, kind := range []string{"decode-error", "fail-read", "cancel", "delay-after"} {
		plan := kind + "@c0.0"
		if kind != "delay-after" {
			plan += "+2"
		}
		store, injector, clock := inject(t, plan, fill(t, 5))
		n := 0
		for _, err := range store.ReadStream(t.Context(), streamA, 0) {
			require.NoError(t, err, kind)
			if n++; n == 1 {
				injector.Heal()
			}
		}
		require.Equal(t, 5, n)
		require.Empty(t, injector.Log())
		require.Empty(t, clock.slept)
	}
}

// healing heals the injector while an append is under way.
type healing struct {
	*fake
	heal func()
}

func (h *healing) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	h.heal()
	return h.fake.Append(ctx, w)
}

func TestHealEndsFaultsOfAnAppendThatHasBegun(t *testing.T) {
	for _, kind := range []string{"fail-after@c0.0", "delay-after@c0.0"} {
		inner := &healing{fake: newFake()}
		store, injector, clock := inject(t, kind, inner)
		inner.heal = injector.Heal
		_, err := store.Append(t.Context(), batch(t, streamA, 0, 1))
		require.NoError(t, err)
		require.Empty(t, injector.Log())
		require.Empty(t, clock.slept)
	}
}

func TestClientsMayRunInParallel(t *testing.T) {
	injector, _ := injectorOf(t, "fail-before=20% conflict=20% decode-error=20%", 1)
	want, _ := injectorOf(t, "fail-before=20% conflict=20% decode-error=20%", 1)
	run := func(in *chaos.Injector, id int) {
		store := in.Wrap(id, fill(t, 3))
		for range 100 {
			_, _ = store.Append(t.Context(), batch(t, streamB, 9, 1))
			_, _ = collect(t, store.ReadStream(t.Context(), streamA, 0))
		}
	}
	var group sync.WaitGroup
	for id := range 4 {
		run(want, id)
		group.Go(func() { run(injector, id) })
	}
	group.Wait()
	require.ElementsMatch(t, want.Log(), injector.Log())
	require.NotEmpty(t, want.Log())
	injector.Heal()
}
