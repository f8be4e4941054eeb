package sim

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/chaos"
)

// Befalling returns, of the faults and crashes of a run of another backend, those that can befall
// this one. Faults of requests and of the disk are left out where the backend has none, and a
// crash is not followed by a second one, and flips no bit, where it does not declare that. What
// crashes the backend in a way that it cannot be crashed in stays: a run with that is refused;
// see [Backend.Suffers]. The arguments are left as they are.
func (b *Backend) Befalling(faults chaos.Plan, crashes []Crash) (chaos.Plan, []Crash) {
	faults.Rates = slices.DeleteFunc(slices.Clone(faults.Rates), func(rate chaos.Rate) bool { return !b.hitBy(rate.Kind) })
	faults.Faults = slices.DeleteFunc(slices.Clone(faults.Faults), func(fault chaos.Fault) bool { return !b.hitBy(fault.Kind) })
	crashes = slices.Clone(crashes)
	for i := range crashes {
		c := &crashes[i]
		if !b.recovers(*c) {
			c.Again = 0
		}
		if !b.noticesFlips() {
			c.Flip = 0
		}
	}
	return faults, crashes
}

// hitBy says whether faults of that kind can hit the backend: those of requests where it says that
// they can, those of a disk where it has the simulated one.
func (b *Backend) hitBy(kind chaos.Kind) bool {
	switch {
	case kind.OnRequest():
		return b.NetworkFaults
	case kind.OnDisk():
		return b.Durable
	default:
		return true
	}
}

// Suffers says whether the backend can be crashed in the way of c, whatever is to follow on that.
func (b *Backend) Suffers(c Crash) bool {
	switch c.Kind {
	case CrashServer:
		return b.Restart != nil
	case CrashProcess:
		return b.Durable || b.Kill != nil
	default:
		return b.Durable
	}
}

// recovers says whether the backend can be crashed once more while it recovers from a crash.
func (b *Backend) recovers(c Crash) bool {
	if c.Kind == CrashServer {
		return b.RestartTwice != nil
	}
	return b.Durable
}

// noticesFlips says whether there are files of which the backend notices a changed bit.
func (b *Backend) noticesFlips() bool { return b.Checksummed != nil }
