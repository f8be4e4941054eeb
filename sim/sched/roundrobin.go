package sched

type roundRobin struct{ last int }

// NewRoundRobin returns a scheduler that gives each task one step in turn.
func NewRoundRobin() Scheduler { return &roundRobin{last: -1} }

func (s *roundRobin) Next(runnable []int) int {
	next := 0
	for i, id := range runnable {
		if id > s.last {
			next = i
			break
		}
	}
	s.last = runnable[next]
	return next
}
