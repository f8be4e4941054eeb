package seedfile_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

// able returns a backend with the abilities of which a bit is set.
func able(bits int) sim.Backend {
	b := sim.Backend{Name: fmt.Sprintf("able to %05b", bits), Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return memory.New(memory.Config{Clock: env.Clock}), nil
	}}
	b.Durable = bits&1 > 0
	b.NetworkFaults, b.Blocks = bits&2 > 0, bits&2 > 0
	if bits&4 > 0 {
		b.Checksummed = func(string) bool { return true }
	}
	if bits&8 > 0 {
		b.Restart = func(context.Context, eventcore.Store) error { return nil }
	}
	if bits&16 > 0 {
		b.Kill = func(context.Context, eventcore.Store) error { return nil }
		b.RestartTwice = func(context.Context, eventcore.Store, int) error { return nil }
	}
	return b
}

// TestWhatAFileKeepsForAnotherBackendIsWhatARunTakes: it leaves out what a run would refuse, and
// nothing else.
func TestWhatAFileKeepsForAnotherBackendIsWhatARunTakes(t *testing.T) {
	s, err := scenarios.Lookup("contention")
	require.NoError(t, err)
	nothing := scenarios.Program{Clients: [][]scenarios.Op{{}}}
	// refused says whether a run is refused; it does nothing.
	refused := func(b sim.Backend, faults chaos.Plan, crashes []sim.Crash) bool {
		_, err := sim.Run(t.Context(), sim.Config{
			Backend: b, Scenario: s, Faults: &faults, Crashes: &crashes, Replay: &sim.Replay{Program: nothing}, SkipChecks: true,
		})
		return err != nil
	}
	kept, left := 0, 0
	for bits := range 32 {
		b := able(bits)
		for _, kind := range slices.Concat(chaos.Kinds(), chaos.RequestKinds(), chaos.DiskKinds()) {
			fault := chaos.Fault{Kind: kind.Kind}
			if kind.Timed {
				fault.Delay = chaos.DefaultDelay
			}
			plan := chaos.Explicit(fault)
			cfg, err := seedfile.File{Scenario: s.Name, Program: nothing, Faults: plan}.Config(b)
			require.NoError(t, err)
			require.Equal(t, refused(b, plan, nil), len(cfg.Faults.Faults) == 0, "%s, %s", b.Name, plan)
			require.False(t, refused(b, *cfg.Faults, nil))
			kept, left = kept+len(cfg.Faults.Faults), left+1-len(cfg.Faults.Faults)
		}
		for _, kind := range sim.CrashKinds() {
			plain := sim.Crash{Step: 1, Kind: kind}
			if refused(b, chaos.Plan{}, []sim.Crash{plain}) {
				continue
			}
			again, flip := plain, plain
			again.Again, flip.Flip = 1, 1
			for _, c := range []sim.Crash{again, flip} {
				cfg, err := seedfile.File{Scenario: s.Name, Program: nothing, Crashes: []sim.Crash{c}}.Config(b)
				require.NoError(t, err)
				want := c
				if refused(b, chaos.Plan{}, []sim.Crash{c}) {
					want = plain
					left++
				}
				require.Equal(t, []sim.Crash{want}, *cfg.Crashes, "%s, %s", b.Name, c)
				kept++
			}
		}
	}
	require.Greater(t, kept, 500)
	require.Greater(t, left, 200)
}
