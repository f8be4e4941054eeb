package sched

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// pctPrefix begins the names of the schedulers that [NewPCT] makes, as in "pct-3".
const pctPrefix = "pct-"

// maxDepth bounds the depth in a name. Hardly a bug is deeper than 5.
const maxDepth = 20

// PCT returns the name of the PCT scheduler of that depth.
func PCT(depth int) string { return pctPrefix + strconv.Itoa(depth) }

// pct is the scheduler of Burckhardt, Kothari, Musuvathi and Nagarakatte: A
// randomized scheduler with probabilistic guarantees of finding bugs, ASPLOS 2010.
type pct struct {
	rand  *rand.Rand
	steps int
	// step is the number of choices in this round.
	step int
	// points has the steps at which the task that would run falls behind all others.
	// The later in the slice, the further behind.
	points []int
	// priorities has those of the tasks, by ID; 0: the task was not seen this round.
	// The highest runs.
	priorities []uint64
}

// NewPCT returns a scheduler that is good at bugs which need few events in a certain
// order. Each task has a random priority, and the one with the highest runs for as long
// as it can; only at depth-1 random points of the next steps choices does the running
// task fall behind all others. A bug of depth d, one that shows whenever d pairs of steps
// come in a certain order, is found with probability at least 1/(n·stepsᵈ⁻¹) among n tasks,
// whatever else they do. A random walk has no such bound: to keep one task back for m
// steps costs it a factor of 2ᵐ.
//
// After that many choices another round begins, with fresh priorities and points. The
// bound is that of each round for what happens in it, and so a run may be longer than
// expected. It also keeps a task that spins, waiting for one that is further back, from
// hanging the run: each round has another task in front. Steps at which only one task can
// run are not counted; nothing can be chosen there.
func NewPCT(r *rand.Rand, depth, steps int) Scheduler {
	return &pct{rand: r, steps: max(1, steps), points: make([]int, max(0, depth-1))}
}

// The lengths of a round that a seed can draw: from what a call of a few clients takes to
// about what a whole run does. Nothing that is known beforehand tells which is best: the
// number of steps depends on the backend, and what matters is not the length of the run
// but that of the passage in which the bug lies.
const shortestRound, lengthsOfRounds = 16, 6

// newDrawnPCT draws the length of a round.
func newDrawnPCT(r *rand.Rand, depth int) Scheduler {
	steps := shortestRound
	if r != nil { // nil only asks whether the name is right
		steps <<= r.IntN(lengthsOfRounds)
	}
	return NewPCT(r, depth, steps)
}

// parseDepth returns the depth in the name of a PCT scheduler.
func parseDepth(name string) (depth int, is bool) {
	number, is := strings.CutPrefix(name, pctPrefix)
	if !is {
		return 0, false
	}
	depth, err := strconv.Atoi(number)
	return depth, err == nil && depth >= 1 && depth <= maxDepth && PCT(depth) == name
}

// pctNames is how errors and lists name all of them.
func pctNames() string { return fmt.Sprintf("%s1 to %s%d", pctPrefix, pctPrefix, maxDepth) }

// Next implements [Scheduler].
func (s *pct) Next(runnable []int) int {
	if len(runnable) == 1 {
		return 0
	}
	if s.step == s.steps {
		s.step = 0
	}
	if s.step == 0 {
		s.begin()
	}
	first := s.first(runnable)
	for i, at := range s.points {
		if at == s.step {
			// The paper gives the i-th point the priority i; here the last point leaves
			// the lowest one, which is the same by symmetry.
			s.priorities[runnable[first]] = uint64(len(s.points) - i)
			first = s.first(runnable)
		}
	}
	s.step++
	return first
}

// begin begins a round.
func (s *pct) begin() {
	clear(s.priorities)
	for i := range s.points {
		s.points[i] = s.rand.IntN(s.steps)
	}
}

// first returns the index of the task with the highest priority.
func (s *pct) first(runnable []int) int {
	best, highest := 0, uint64(0)
	for i, id := range runnable {
		for id >= len(s.priorities) {
			s.priorities = append(s.priorities, 0)
		}
		p := s.priorities[id]
		if p == 0 {
			// Above all that points leave behind. Two tasks have the same one once in 2⁶³.
			p = s.rand.Uint64() | 1<<63
			s.priorities[id] = p
		}
		if p > highest {
			best, highest = i, p
		}
	}
	return best
}
