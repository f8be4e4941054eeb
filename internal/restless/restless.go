// Package restless draws crashes for tests of durable backends.
package restless

import (
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// Crashes returns crashes in quick succession.
func Crashes(seed uint64) *[]sim.Crash {
	r := prng.New(seed, "restless")
	kinds := []sim.CrashKind{sim.CrashProcess, sim.CrashPower, sim.CrashReordered}
	var all []sim.Crash
	step := 0
	for range 10 {
		step += 20 + r.IntN(120)
		all = append(all, sim.Crash{Step: step, Kind: kinds[r.IntN(len(kinds))], Again: r.IntN(2) * r.IntN(12)})
	}
	return &all
}
