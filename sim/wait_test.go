package sim_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// waiting waits before each append for what comes or does not.
type waiting struct {
	*memory.Store
	ready bool
	left  []time.Duration
}

func (w *waiting) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	w.left = append(w.left, yield.From(ctx).(yield.TimedTask).WaitFor("for what comes", time.Hour, func() bool { return w.ready }))
	return w.Store.Append(ctx, writes)
}

func TestAWaitWithAnEndTakesTheRunsTimeOnly(t *testing.T) {
	for _, ready := range []bool{false, true} {
		w := &waiting{ready: ready}
		b := wrapped("waiting", func(store *memory.Store) eventcore.Store { w.Store = store; return w })
		r := run(t, sim.Config{Backend: b, Scenario: scenario(t, "contention"), Seed: 1, Faults: noFaults()})
		require.Equal(t, sim.Pass, r.Verdict, r.Reason)
		require.NotEmpty(t, w.left)
		for _, left := range w.left {
			require.Equal(t, ready, left > 0)
		}
		require.Equal(t, ready, r.Elapsed < time.Hour, "%v", r.Elapsed)
	}
}
