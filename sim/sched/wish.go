package sched

import "slices"

// wish follows a schedule that need not fit.
type wish struct {
	choices []int
	step    int
	last    int
}

// NewWish returns a scheduler that picks the tasks with the IDs in choices, in their order,
// and passes over those that cannot run. Where only one task can run, it runs, whatever is
// wished next. Where choices has ended, the task that ran last goes on for as long as it
// can, then the one with the lowest ID: nothing is interrupted that was not wished to be.
func NewWish(choices []int) Scheduler { return &wish{choices: choices, last: -1} }

// Next implements [Scheduler].
func (s *wish) Next(runnable []int) int {
	next := s.next(runnable)
	s.last = runnable[next]
	return next
}

func (s *wish) next(runnable []int) int {
	if len(runnable) == 1 {
		if s.step < len(s.choices) && s.choices[s.step] == runnable[0] {
			s.step++
		}
		return 0
	}
	for s.step < len(s.choices) {
		s.step++
		if i, found := slices.BinarySearch(runnable, s.choices[s.step-1]); found {
			return i
		}
	}
	i, found := slices.BinarySearch(runnable, s.last)
	if !found {
		return 0
	}
	return i
}
