package sim_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// BenchmarkRun measures whole runs of drawn programs: drawing, opening the store,
// executing commands under faults, and with checks the history, both its checks and
// the invariants. A step is a scheduling decision; a read has one for each event.
func BenchmarkRun(b *testing.B) {
	for _, s := range scenarios.All() {
		cfg := sim.Config{Backend: memoryBackend(), Scenario: s}
		b.Run(s.Name+"/checks=off", func(b *testing.B) { bench(b, cfg, true) })
		b.Run(s.Name+"/checks=on", func(b *testing.B) { bench(b, cfg, false) })
	}
}

// BenchmarkCalls measures the cost of a store call in the simulation: four clients
// append single events to streams of their own, or read a stream of one event, in a
// program that is given and not drawn, without faults.
func BenchmarkCalls(b *testing.B) {
	mixed, err := scenarios.Lookup("mixed")
	require.NoError(b, err)
	for _, kind := range []string{"append", "read"} {
		cfg := sim.Config{
			Backend: memoryBackend(), Scenario: mixed, Faults: &chaos.Plan{}, Scheduler: "random",
			Replay: &sim.Replay{Program: shortCalls(kind)},
		}
		b.Run(kind+"/checks=off", func(b *testing.B) { bench(b, cfg, true) })
		b.Run(kind+"/checks=on", func(b *testing.B) { bench(b, cfg, false) })
	}
}

// shortCalls is a program of 4 × 100 calls.
func shortCalls(kind string) scenarios.Program {
	const clients, calls, streams = 4, 100, 8
	r := rand.New(rand.NewPCG(1, 1))
	var p scenarios.Program
	id := func(client, n int) eventcore.StreamID {
		return eventcore.MustStreamID("s/" + string(rune('a'+client)) + strconv.Itoa(n))
	}
	for c := range clients {
		ops := make([]scenarios.Op, calls)
		for i := range ops {
			ops[i] = scenarios.Op{Do: kind, Streams: []eventcore.StreamID{id(c, r.IntN(streams))}}
			if kind == "append" {
				ops[i].Do, ops[i].Count = "blind", 1
			}
		}
		p.Clients = append(p.Clients, ops)
	}
	if kind == "read" {
		for c := range clients {
			for n := range streams {
				p.Setup = append(p.Setup, scenarios.Op{Do: "blind", Streams: []eventcore.StreamID{id(c, n)}, Count: 1})
			}
		}
	}
	return p
}

func bench(b *testing.B, cfg sim.Config, skip bool) {
	b.ReportAllocs()
	cfg.SkipChecks = skip
	calls, steps := 0, 0
	for b.Loop() {
		cfg.Seed++
		result := run(b, cfg)
		if !skip {
			require.Equal(b, sim.Pass, result.Verdict, result.Reason)
		}
		calls += result.Coverage.Calls
		steps += result.Steps
	}
	b.ReportMetric(float64(calls)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
}
