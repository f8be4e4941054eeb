package certify

import (
	"testing"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// Fuzz lets Go's coverage-guided fuzzer choose programs, schedules and faults:
//
//	func FuzzSim(f *testing.F) { certify.Fuzz(f, backend) }
//
// and go test -run='^$' -fuzz=FuzzSim: without -run, all tests come first, and nothing is fuzzed
// where one of them fails. An input is the seed of a program, its scenario and sizes, the
// kinds of faults that are drawn, one bit each, and the order of steps, one byte a step. A
// failed run is shown and kept as a seed file, as by [Run], which -sim.file replays. Without
// -fuzz it runs a few inputs. -sim.scenario and -sim.mutant hold here too.
func Fuzz(f *testing.F, backend sim.Backend, opts ...Option) {
	f.Helper()
	if *flagFile != "" { // once, not for each input
		replay(f, backend, *flagFile)
		if !f.Failed() {
			f.Skipf("%s was replayed and passes; nothing is fuzzed with -sim.file", *flagFile)
		}
		return
	}
	settings := fromFlags(f, backend.Blocks)
	settings.Shrink = 0 // the fuzzer's own limit for one input is short
	s, err := newSession(f.Context(), backend, settings, opts)
	if err != nil {
		f.Fatal(err)
	}
	var can []scenarios.Scenario
	for _, p := range proofs() {
		if s.lacks(p.scenario) == "" && (settings.Scenario == "" || settings.Scenario == p.scenario) {
			can = append(can, p.run())
		}
	}
	if len(can) == 0 {
		f.Skipf("backend %s can run no scenario", backend.Name)
	}
	for i := range can {
		f.Add(uint64(1), uint8(i), uint8(2), uint8(3), uint16(0), []byte{0, 1, 1, 0, 2}) //nolint:gosec // scenarios are few
		f.Add(uint64(2), uint8(i), uint8(3), uint8(4), uint16(0x1ff), []byte{2, 1, 0, 1, 2, 2, 0})
	}
	f.Fuzz(func(t *testing.T, seed uint64, scenario, clients, ops uint8, faults uint16, order []byte) {
		cfg := fuzzed(can[int(scenario)%len(can)], seed, clients, ops, faults, order)
		cfg.Backend, cfg.Mutant = backend, settings.Mutant
		r, err := sim.Run(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if r.Failed() {
			s.fail(t.Context(), work{cfg.Scenario.Name, phaseDrawn}, r, testOutput{t, f.Name()})
		}
	})
}

// faultRate is that of each kind whose bit is set.
const faultRate = 0.1

// fuzzed makes a run of an input. Its programs are small: the fuzzer tries many.
func fuzzed(s scenarios.Scenario, seed uint64, clients, ops uint8, faults uint16, order []byte) sim.Config {
	params := scenarios.Params{Clients: 2 + int(clients%4), OpsPerClient: 1 + int(ops%8)}
	var plan chaos.Plan
	for i, kind := range chaos.Kinds() {
		if faults&(1<<i) != 0 {
			plan = plan.WithRate(kind.Kind, faultRate)
		}
	}
	schedule := make([]int, len(order))
	for i, b := range order {
		schedule[i] = int(b) % params.Clients
	}
	return sim.Config{
		Seed: seed, Scenario: s, Faults: &plan,
		Replay: &sim.Replay{Program: s.Generate(prng.New(seed, "program"), params, nil), Schedule: schedule, Lenient: true},
	}
}
