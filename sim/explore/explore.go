// Package explore runs one small program in all orders of its steps, or in all that switch
// tasks only so often against their will, and judges each.
//
// It is a stateless search: each order is a run of its own, which begins as the one before
// it did and makes another choice where that one's last choice was still open. Orders that
// differ in nothing that anybody can see are run once. What is meant by that is said in
// [sim.Footprint.Depends]; it takes for granted that a store call which does not park
// inside the store touches the streams it is given, and that reads change nothing. Where a
// store parks inside a call, such as one whose files are simulated, its steps are taken to
// depend on all others.
//
// A sleep may end at any time: what is found does not depend on how long one takes.
package explore

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
)

// Config says what to explore.
type Config struct {
	// Run is what to run: backend, scenario, mutant, and in Replay the program. Its
	// schedule is not used; without faults there are none.
	Run sim.Config
	// Preemptions is how often a task that could go on may be left for another one; nil:
	// as often as there are steps.
	Preemptions *int
	// MaxRuns ends the search early. 0: 1,000,000.
	MaxRuns int
	// Every runs every order, those too that differ in nothing that can be seen.
	Every bool
	// KeepGoing goes on after an order that is wrong.
	KeepGoing bool
	// OnResult, where not nil, is called with each run that was judged.
	OnResult func(*sim.Result)
}

const defaultRuns = 1_000_000

// ErrNotDeterministic says that the same choices came to other steps, so that nothing can be
// said about all orders.
var ErrNotDeterministic = errors.New("explore: the same choices led elsewhere")

// Do explores until it is through or ctx is cancelled. An error is that of a configuration
// that is not valid, or [ErrNotDeterministic].
func Do(ctx context.Context, cfg Config) (Report, error) {
	switch {
	case cfg.Run.Replay == nil:
		return Report{}, errors.New("explore: Run.Replay is nil; it has the program to explore")
	case cfg.Preemptions != nil && *cfg.Preemptions < 0:
		return Report{}, fmt.Errorf("explore: Preemptions is %d; give at least 0, or nil for no bound", *cfg.Preemptions)
	case cfg.MaxRuns < 0:
		return Report{}, fmt.Errorf("explore: MaxRuns is %d; give at least 1, or 0 for %d", cfg.MaxRuns, defaultRuns)
	case cfg.MaxRuns == 0:
		cfg.MaxRuns = defaultRuns
	}
	if cfg.Run.Faults == nil {
		cfg.Run.Faults = &chaos.Plan{}
	}
	cfg.Run.Scheduler = sched.RoundRobin
	cfg.Run.Timeless = true
	s := newSearch(&cfg)
	cfg.Run.Explorer = s
	for {
		err := s.run(ctx)
		if ctx.Err() != nil {
			return s.report, nil //nolint:nilerr // what was explored until then is the answer
		}
		if err != nil {
			return Report{}, err
		}
		if s.report.Failure != nil && !cfg.KeepGoing {
			return s.report, nil
		}
		if !s.backtrack() {
			s.report.Exhausted = true
			return s.report, nil
		}
		if s.report.Runs >= cfg.MaxRuns {
			return s.report, nil
		}
	}
}

// run carries out the next run.
func (s *search) run(ctx context.Context) error {
	s.begin()
	result, err := sim.Run(ctx, s.cfg.Run)
	if err != nil {
		return err
	}
	if s.err != nil {
		return s.err
	}
	s.report.Runs++
	if s.abandoned {
		return nil
	}
	if s.depth < len(s.path) {
		return fmt.Errorf("%w: after %d steps the run was over, and had %d before", ErrNotDeterministic, s.depth, len(s.path))
	}
	if s.atKnownEnd() {
		return nil
	}
	s.report.add(result, s)
	if s.cfg.OnResult != nil {
		s.cfg.OnResult(result)
	}
	return nil
}

// Report is what an exploration came to.
type Report struct {
	// Runs is the number of runs, those that were given up because what they would have
	// come to was known included.
	Runs int
	// Orders is the number of orders that were judged, of which no two are the same to
	// anybody who looks.
	Orders int
	// Interleavings is the number of orders of steps that they stand for, nil where there is
	// a bound or the number is too great.
	Interleavings *big.Int
	// Longest is the number of steps of the longest order.
	Longest int
	// Exhausted says that there was no other order.
	Exhausted bool
	// Verdicts counts the judgements.
	Verdicts map[sim.Verdict]int
	// Failure is the first run that did not pass.
	Failure *sim.Result

	uncounted bool
}

// Proven says that every order was run and passed.
func (r *Report) Proven() bool {
	return r.Exhausted && r.Failure == nil && r.Orders > 0 && r.Verdicts[sim.Pass] == r.Orders
}

func (r *Report) add(result *sim.Result, s *search) {
	if r.Verdicts == nil {
		r.Verdicts = make(map[sim.Verdict]int)
	}
	r.Orders++
	r.Verdicts[result.Verdict]++
	r.Longest = max(r.Longest, len(s.done))
	if r.Failure == nil && result.Verdict != sim.Pass {
		r.Failure = result
	}
	if s.cfg.Preemptions != nil || r.uncounted {
		return
	}
	n := big.NewInt(1)
	if !s.cfg.Every {
		n = interleavings(s.done)
	}
	if n == nil {
		r.Interleavings, r.uncounted = nil, true
		return
	}
	if r.Interleavings == nil {
		r.Interleavings = new(big.Int)
	}
	r.Interleavings.Add(r.Interleavings, n)
}
