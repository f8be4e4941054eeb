package sim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// BenchmarkRun measures simulated store calls a second on one core, whole runs of
// drawn programs included: drawing, opening the store, executing commands, and
// with checks the history, both its checks and the invariants.
func BenchmarkRun(b *testing.B) {
	for _, s := range scenarios.All() {
		b.Run(s.Name+"/checks=off", func(b *testing.B) { bench(b, s, nil, true) })
		b.Run(s.Name+"/checks=on", func(b *testing.B) { bench(b, s, nil, false) })
	}
	mixed, err := scenarios.Lookup("mixed")
	require.NoError(b, err)
	b.Run("mixed-no-faults/checks=off", func(b *testing.B) { bench(b, mixed, &chaos.Plan{}, true) })
	b.Run("mixed-no-faults/checks=on", func(b *testing.B) { bench(b, mixed, &chaos.Plan{}, false) })
}

func bench(b *testing.B, s scenarios.Scenario, faults *chaos.Plan, skip bool) {
	b.ReportAllocs()
	calls, steps := 0, 0
	seed := uint64(0)
	for b.Loop() {
		seed++
		result := run(b, sim.Config{Seed: seed, Backend: memoryBackend(), Scenario: s, Faults: faults, SkipChecks: skip})
		if !skip {
			require.Equal(b, sim.Pass, result.Verdict, result.Reason)
		}
		calls += result.Coverage.Calls
		steps += result.Steps
	}
	b.ReportMetric(float64(calls)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
}
