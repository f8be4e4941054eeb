package explore

import (
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/sim"
)

// step is something that a task did.
type step struct {
	task int
	did  sim.Footprint
}

// node is a choice on the path of the run under way.
type node struct {
	runnable []int
	// current is the task that could have gone on, -1 if there was none.
	current int
	// preempted is how often that was not done before.
	preempted int
	// open are the tasks that are still to be tried, tried those that were, with what they
	// did first. The last of tried is the one that the run takes.
	open  []int
	tried []step
	// asleep are tasks whose next step was tried before, from a state that differs from
	// this one in nothing that their step depends on.
	asleep []step
}

func (n *node) task() int { return n.tried[len(n.tried)-1].task }

// search is a depth-first search. Without a bound it leaves out what sleeps (Godefroid,
// Partial-order methods for the verification of concurrent systems, 1996): of all orders
// that are the same it runs one. With a bound that would be wrong, because the one that
// it runs may take more preemptions than the one it leaves out; there it leaves out states
// that were reached before with no more preemptions, where a state is what happened so far,
// whatever the order of steps that do not depend on each other.
type search struct {
	cfg    *Config
	path   []*node
	seen   map[state]int
	report Report

	// The run under way.
	depth     int
	done      []step
	prints    []print
	at        print
	abandoned bool
	err       error
}

// state is what a bounded search knows of where it is.
type state struct {
	at      print
	current int
}

func newSearch(cfg *Config) *search {
	return &search{cfg: cfg, seen: make(map[state]int)}
}

func (s *search) bounded() bool { return s.cfg.Preemptions != nil }

// begin prepares for another run.
func (s *search) begin() {
	s.depth, s.done, s.prints, s.at = 0, s.done[:0], s.prints[:0], print{}
	s.abandoned = false
}

// Choose implements [sim.Explorer].
func (s *search) Choose(runnable []int, current int) (index int, ok bool) {
	if s.err != nil {
		return 0, false
	}
	if s.depth == len(s.path) {
		n := s.arrive(runnable, current)
		if n == nil {
			s.abandoned = true
			return 0, false
		}
		s.path = append(s.path, n)
	}
	n := s.path[s.depth]
	if !slices.Equal(n.runnable, runnable) || n.current != current {
		s.err = fmt.Errorf("%w: before step %d tasks %v could run, now %v", ErrNotDeterministic, s.depth, n.runnable, runnable)
		return 0, false
	}
	s.depth++
	return slices.Index(runnable, n.task()), true
}

// Did implements [sim.Explorer].
func (s *search) Did(task int, what sim.Footprint) {
	if s.err != nil || s.depth == 0 {
		return
	}
	n := s.path[s.depth-1]
	last := &n.tried[len(n.tried)-1]
	if s.depth < len(s.path) && last.did != what || last.task != task {
		s.err = fmt.Errorf("%w: step %d of task %d did %+v before, now %+v", ErrNotDeterministic, s.depth-1, task, last.did, what)
		return
	}
	last.did = what
	s.done = append(s.done, *last)
	if s.bounded() {
		s.at.add(s.next())
	}
}

// arrive makes the node of a choice that was not met before, nil if there is nothing to
// be chosen.
func (s *search) arrive(runnable []int, current int) *node {
	n := &node{runnable: slices.Clone(runnable), current: current}
	if s.depth > 0 {
		before := s.path[s.depth-1]
		n.preempted = before.preempted
		if before.preempts(before.task()) {
			n.preempted++
		}
		if !s.bounded() && !s.cfg.Every {
			n.asleep = before.stillAsleep()
		}
	}
	if s.bounded() && !s.cfg.Every && s.wasHere(n) {
		return nil
	}
	s.open(n)
	if len(n.open) == 0 {
		return nil
	}
	n.take()
	return n
}

// wasHere says whether all that can follow was or will be tried from the same state.
func (s *search) wasHere(n *node) bool {
	at := state{s.at, n.current}
	least, known := s.seen[at]
	if known && least <= n.preempted {
		return true
	}
	s.seen[at] = n.preempted
	return false
}

// open fills in what can be tried. The task that could go on comes first.
func (s *search) open(n *node) {
	for _, task := range n.runnable {
		if n.preempts(task) && s.bounded() && n.preempted >= *s.cfg.Preemptions {
			continue
		}
		if slices.ContainsFunc(n.asleep, func(other step) bool { return other.task == task }) {
			continue
		}
		if task == n.current {
			n.open = slices.Insert(n.open, 0, task)
		} else {
			n.open = append(n.open, task)
		}
	}
}

// preempts says whether choosing a task leaves one that could go on.
func (n *node) preempts(task int) bool { return n.current >= 0 && task != n.current }

// take goes on to the next task that is open.
func (n *node) take() {
	n.tried = append(n.tried, step{task: n.open[0]})
	n.open = n.open[1:]
}

// stillAsleep returns what sleeps after the node's step: whose own next step does not
// depend on it.
func (n *node) stillAsleep() (asleep []step) {
	last := len(n.tried) - 1
	for _, list := range [2][]step{n.asleep, n.tried[:last]} {
		for _, other := range list {
			if other.task != n.tried[last].task && !other.did.Depends(n.tried[last].did) {
				asleep = append(asleep, other)
			}
		}
	}
	return asleep
}

// backtrack goes back to the last choice that has something open, and takes it. It returns
// false if there is none.
func (s *search) backtrack() bool {
	for len(s.path) > 0 {
		n := s.path[len(s.path)-1]
		if len(n.open) > 0 {
			n.take()
			return true
		}
		s.path = s.path[:len(s.path)-1]
	}
	return false
}

// atKnownEnd says whether the run came to an end that another one came to before.
func (s *search) atKnownEnd() bool {
	return s.bounded() && !s.cfg.Every && s.wasHere(&node{current: -2})
}
