package differ

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/sim"
)

// serial is an explorer that lets one store call after the other happen as a whole, in a
// given order of clients. What a call parks at inside of a backend makes no difference.
type serial struct {
	order []int
	// inside counts the calls that each task is in. A task in whose call another one begins,
	// such as one that reads inside of a read, keeps its turn.
	inside map[int]int
	// begins is set while the task that took the last step is about to begin a call.
	begins bool
	last   int
}

func newSerial(order []int) *serial {
	return &serial{order: order, inside: make(map[int]int), last: -1}
}

// Did implements [sim.Explorer].
func (s *serial) Did(task int, what sim.Footprint) {
	switch {
	case what.Calls && !what.Returns:
		s.inside[task]++
	case what.Returns && !what.Calls:
		s.inside[task]--
	}
	s.last, s.begins = task, what.Calls && s.inside[task] == 1
}

// Choose implements [sim.Explorer].
func (s *serial) Choose(runnable []int, _ int) (index int, ok bool) {
	if at := slices.Index(runnable, s.last); at >= 0 && !s.begins {
		return at, true
	}
	// A client that has nothing more to call, or waits, misses its turn.
	for len(s.order) > 0 {
		task := s.order[0]
		if at := slices.Index(runnable, task); at >= 0 {
			if s.inside[task] > 0 {
				s.order = s.order[1:]
			}
			return at, true
		}
		s.order = s.order[1:]
	}
	return 0, true
}
