// Package sched decides which task of a simulation runs next.
//
// A scheduler sees the tasks that can run and picks one; all that makes one run
// differ from another of the same program is in these choices. Each scheduler is
// one file. Schedulers are for one run and one goroutine.
package sched

import (
	"fmt"
	"math/rand/v2"
)

// Scheduler picks the next task.
type Scheduler interface {
	// Next returns the index in runnable of the task to run. runnable holds the
	// IDs of the tasks that can run, in growing order; it is not empty, belongs to
	// the caller and is only valid during the call.
	Next(runnable []int) int
}

// Info describes a scheduler that [New] can make.
type Info struct{ Name, Doc string }

// The names of the schedulers.
const (
	Random     = "random"
	RoundRobin = "round-robin"
)

// All lists the schedulers that [New] can make.
func All() []Info {
	return []Info{
		{Random, "every task that can run is equally likely at every step"},
		{RoundRobin, "the tasks take turns, one step each"},
		{PCT(3), "the task of the highest random priority runs, and 2 times at random falls behind; " +
			"any depth from " + pctNames() + ", which is good at bugs that need as many orderings"},
	}
}

// New makes the scheduler of that name. It draws from random where it draws; nil will do
// to see whether there is one. An unknown name is an error that lists the known ones.
func New(name string, random *rand.Rand) (Scheduler, error) {
	switch name {
	case Random:
		return NewRandom(random), nil
	case RoundRobin:
		return NewRoundRobin(), nil
	}
	if depth, is := parseDepth(name); is {
		return newDrawnPCT(random, depth), nil
	}
	return nil, fmt.Errorf("unknown scheduler %q; known: %s, %s, %s", name, Random, RoundRobin, pctNames())
}
