package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
)

// Config says what to run. Backend and Scenario are required; what else is left
// out is drawn from the seed or has the default given here.
type Config struct {
	// Seed decides everything that is left open.
	Seed uint64
	// Backend is the store under test.
	Backend Backend
	// Scenario is the workload.
	Scenario scenarios.Scenario
	// Mutant, where not nil, plants a bug in the store.
	Mutant *mutant.Mutant
	// Scheduler is the name of a scheduler of package sched; empty: drawn.
	Scheduler string
	// Faults is the fault plan; nil: drawn, each seed with kinds and rates of its
	// own. A pointer to the zero Plan is a run without faults.
	Faults *chaos.Plan
	// Crashes are those of the store's process; nil: drawn where the backend is durable and
	// Faults are drawn too, else none. A backend that is not durable cannot have any.
	Crashes *[]Crash
	// Replay, where not nil, replaces the drawn program and schedule.
	Replay *Replay
	// Explorer, where not nil, chooses the tasks of the safety phase. It serves one run at a
	// time.
	Explorer Explorer
	// Timeless lets the scheduler end a sleep whenever it likes, and the clock follows: the
	// order of steps then depends on no length of time.
	Timeless bool
	// Steps is the number of steps after which the safety phase is cut short, and
	// the number in which the liveness phase must end. It is the same where no operation has
	// ended for a tenth of them, or for 1,000 if that is more, or where the store was called 400
	// times while no operation ended and it did not change; or 100 times for each client, 4 times
	// for each client and stream of the program, or a 250th of Steps, whichever is most. A change is
	// an append, and what takes a checkpoint or a snapshot further; to get a lease is none. Set Steps
	// where an operation reads more often than that. 0: 100,000, and more for programs of more
	// than some hundred operations.
	Steps int
	// CheckTimeout is the real time that porcupine may take; what it cannot decide by then
	// the fast checker decides alone. 0: [linearizability.DefaultTimeout].
	CheckTimeout time.Duration
	// Check judges the history; nil: [linearizability.Check]. A test of the harness can put
	// checkers there that are wrong.
	Check func(context.Context, linearizability.History, linearizability.Options) linearizability.Report
	// StallTimeout is the real time in which a step must end: a task that blocks
	// outside yield points would otherwise hang the run for ever. Time in which the process
	// was stopped or did not run does not count. 0: 30 s.
	StallTimeout time.Duration
	// SkipChecks leaves out history, checkers and invariants. The run then only
	// measures the speed of the simulation; its verdict is never Pass but
	// Undecided.
	SkipChecks bool
	// GoroutineSwitch switches tasks by goroutines even where the backend does
	// not block. It is slower and must make no other difference.
	GoroutineSwitch bool
}

// Replay is a recorded run: what a seed file holds.
type Replay struct {
	Program  scenarios.Program
	Schedule []int
	// Lenient makes Schedule a wish: choices of tasks that cannot run are passed over, and
	// where it ends tasks run as long as they can. It is for programs that were changed since
	// the schedule was recorded; see [sched.Wish]. Otherwise the first choice that cannot be
	// made ends the replay of the schedule.
	Lenient bool
}

const defaultStallTimeout = 30 * time.Second

// prepared returns the configuration with defaults filled in, or an error that
// names the field which is wrong and the way out.
func (c Config) prepared() (Config, error) {
	switch {
	case c.Backend.Open == nil:
		return c, errors.New("sim: Backend.Open is nil; set it to a function that opens a fresh store")
	case c.Backend.Name == "":
		return c, errors.New("sim: Backend.Name is empty; reports and seed files need it")
	case c.Scenario.Run == nil:
		return c, errors.New("sim: Scenario is empty; get one from scenarios.Lookup")
	case c.Steps < 0:
		return c, fmt.Errorf("sim: Steps is %d; set Steps ≥ 1, or 0 for at least %d", c.Steps, leastSteps)
	}
	if c.Scheduler != "" {
		if _, err := sched.New(c.Scheduler, rand.New(rand.NewPCG(0, 0))); err != nil {
			return c, fmt.Errorf("sim: Scheduler: %w", err)
		}
	}
	if m := c.Mutant; m != nil && m.Layer == mutant.Disk && !c.Backend.Durable {
		return c, fmt.Errorf("sim: Mutant: %s shows after a crash only, and backend %s is not durable; use one that is", m.Name, c.Backend.Name)
	}
	if c.Backend.NetworkFaults && !c.Backend.Blocks {
		return c, fmt.Errorf("sim: Backend: %s has NetworkFaults, so its calls wait for a server: set Blocks too", c.Backend.Name)
	}
	if err := c.checkFaults(); err != nil {
		return c, err
	}
	if c.Crashes != nil {
		if err := c.checkCrashes(); err != nil {
			return c, err
		}
	}
	if c.Replay != nil {
		if err := c.Scenario.Validate(c.Replay.Program); err != nil {
			return c, fmt.Errorf("sim: Replay.Program: %w", err)
		}
	}
	c.CheckTimeout = orDefault(c.CheckTimeout, linearizability.DefaultTimeout)
	c.StallTimeout = orDefault(c.StallTimeout, defaultStallTimeout)
	return c, nil
}

func orDefault[T int | time.Duration](value, standard T) T {
	if value == 0 {
		return standard
	}
	return value
}

func (c Config) checkCrashes() error {
	last := 0
	for _, crash := range *c.Crashes {
		if err := crash.validate(); err != nil {
			return fmt.Errorf("sim: Crashes: %w", err)
		}
		if crash.Step <= last {
			return fmt.Errorf("sim: Crashes: %s comes after step %d; put them in the order of their steps", crash, last)
		}
		if !c.Backend.Suffers(crash) {
			return fmt.Errorf("sim: Crashes: %s: backend %s is not durable, or has no server that can be crashed: nothing would be left; leave it out", crash, c.Backend.Name)
		}
		if crash.Again > 0 && !c.Backend.recovers(crash) {
			return fmt.Errorf("sim: Crashes: %s: backend %s does not recover on the simulated disk then, and has no Backend.RestartTwice: nothing would crash again; leave that out", crash, c.Backend.Name)
		}
		if crash.Flip > 0 && !c.Backend.noticesFlips() {
			return fmt.Errorf("sim: Crashes: %s: backend %s does not say of which files it notices a changed bit (Backend.Checksummed); leave the flip out", crash, c.Backend.Name)
		}
		last = crash.Step
	}
	return nil
}

// checkFaults refuses faults that are not valid, and those of requests where there is no server,
// and of a disk where there is none: they would never fire.
func (c Config) checkFaults() error {
	if c.Faults == nil {
		return nil
	}
	if err := c.Faults.Validate(); err != nil {
		return fmt.Errorf("sim: Faults: %w", err)
	}
	for _, rate := range c.Faults.Rates {
		if err := c.Backend.canHave(rate.Kind, rate.String()); err != nil {
			return err
		}
	}
	for _, fault := range c.Faults.Faults {
		if err := c.Backend.canHave(fault.Kind, fault.String()); err != nil {
			return err
		}
	}
	return nil
}

// canHave returns an error for faults of a kind that cannot hit the backend.
func (b *Backend) canHave(kind chaos.Kind, text string) error {
	switch {
	case b.hitBy(kind):
		return nil
	case kind.OnRequest():
		return fmt.Errorf("sim: Faults: %s hits requests to a server, and backend %s does not say that it has any which can be hit (Backend.NetworkFaults); leave it out", text, b.Name)
	default:
		return fmt.Errorf("sim: Faults: %s hits the simulated disk, and backend %s is not durable, so it has none; leave it out", text, b.Name)
	}
}
