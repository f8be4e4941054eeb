package sched

import "math/rand/v2"

type random struct{ rand *rand.Rand }

// NewRandom returns a scheduler for which every runnable task is equally likely.
func NewRandom(r *rand.Rand) Scheduler { return random{r} }

func (s random) Next(runnable []int) int {
	// No draw where there is no choice: a task that ends earlier must not cost
	// the others their luck more than it has to.
	if len(runnable) == 1 {
		return 0
	}
	return int(s.rand.Uint64N(uint64(len(runnable))))
}
