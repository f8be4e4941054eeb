package sched

import "slices"

// Replay follows a recorded schedule for as long as it fits, then another
// scheduler.
type Replay struct {
	choices  []int
	then     Scheduler
	step     int
	diverged bool
}

// NewReplay returns a scheduler that picks the tasks with the IDs in choices, one a
// step. At the first step whose task cannot run, and where choices ends, it goes
// on with then.
func NewReplay(choices []int, then Scheduler) *Replay {
	return &Replay{choices: choices, then: then}
}

// Next implements [Scheduler].
func (s *Replay) Next(runnable []int) int {
	if s.diverged || s.step >= len(s.choices) {
		return s.then.Next(runnable)
	}
	i, found := slices.BinarySearch(runnable, s.choices[s.step])
	if !found {
		s.diverged = true
		return s.then.Next(runnable)
	}
	s.step++
	return i
}

// Followed returns how many choices were followed and whether the schedule was
// left because a choice could not be made.
func (s *Replay) Followed() (steps int, diverged bool) { return s.step, s.diverged }
