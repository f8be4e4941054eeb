package shrink

import (
	"math/rand/v2"
	"slices"

	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// variants returns a candidate with its own schedule, then with none, so that nothing is
// interrupted, then with drawn ones: a bug that a changed program would still show may need
// another schedule for it. Short programs get more of them, since they cost less.
func (s *search) variants(t trial, index int) []trial {
	all := []trial{t}
	if t.alone {
		return all
	}
	plain := t
	plain.schedule = nil
	all = append(all, plain)
	drawn := 4
	switch n := t.program.Len(); {
	case n <= 3:
		drawn = 40
	case n <= 6:
		drawn = 24
	case n <= 12:
		drawn = 10
	}
	size := s.best.size
	for k := range drawn {
		r := prng.New(s.cfg.Seed, "shrink", uint64(size.Operations), uint64(size.Detail), uint64(size.Steps), uint64(index), uint64(k)) //nolint:gosec // none is negative
		v := t
		v.schedule = drawSchedule(r, len(t.program.Clients), len(t.schedule))
		if len(t.crashes) > 0 && k%2 == 1 {
			v.crashes = moveCrashes(r, t.crashes, len(t.schedule))
		}
		if len(t.faults) > 0 && k%4 >= 2 {
			v.moveFaults(r)
		}
		all = append(all, v)
	}
	return all
}

// longDrawn bounds drawn schedules: behind it nobody is interrupted.
const longDrawn = 2000

// drawSchedule draws who runs: step by step, or in bursts of a drawn length.
func drawSchedule(r *rand.Rand, clients, steps int) []int {
	steps = min(steps, longDrawn)
	schedule := make([]int, 0, steps+8)
	longest := 1 << r.IntN(5)
	for len(schedule) < steps+8 {
		id := r.IntN(clients)
		for range 1 + r.IntN(longest) {
			schedule = append(schedule, id)
		}
	}
	return schedule
}

// moveCrashes draws when crashes come.
func moveCrashes(r *rand.Rand, crashes []sim.Crash, steps int) []sim.Crash {
	moved := slices.Clone(crashes)
	t := trial{crashes: moved}
	for i := range moved {
		moved[i].Step = 1 + r.IntN(max(1, steps))
	}
	t.order()
	return moved
}

// moveFaults moves faults by a call or two, since the calls before them may have become
// more or fewer.
func (t *trial) moveFaults(r *rand.Rand) {
	t.faults = slices.Clone(t.faults)
	type call struct {
		client, call      int
		onRequest, onDisk bool
	}
	taken := make(map[call]bool)
	kept := t.faults[:0]
	for _, f := range t.faults {
		f.Call = max(0, f.Call-2+r.IntN(5))
		if at := (call{f.Client, f.Call, f.Kind.OnRequest(), f.Kind.OnDisk()}); !taken[at] {
			taken[at] = true
			kept = append(kept, f)
		}
	}
	t.faults = kept
}
