package certify

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

// output is where it is said what came of runs.
type output interface {
	Helper()
	Logf(format string, args ...any)
	// Errorf says that something is wrong.
	Errorf(format string, args ...any)
	// commands returns the lines that reproduce a run, whose seed file is at path; "": it has
	// none. A quiet run is one without faults.
	commands(r *sim.Result, quiet bool, path string) []string
}

const (
	// quietShare is the part of the seeds that runs without faults: a fourth of them.
	quietShare = 4
	// parallelRuns is the number of runs in real time. Where no calls have overlapped in them
	// there are more, up to mostParallel: on few cores a fast store is done with a call before
	// another client comes to make one.
	parallelRuns, mostParallel = 5, 2000
)

// simulate runs the seeds of one scenario: some without faults first, which show a bug that
// needs none with less around it, then the others. What never happened is judged over all of
// them together: one part of them is too few.
func (s *session) simulate(ctx context.Context, scenario scenarios.Scenario, out output) error {
	out.Helper()
	cfg := sim.Config{
		Backend: s.backend, Scenario: scenario, Scheduler: s.settings.Scheduler, Faults: s.settings.Faults, Mutant: s.settings.Mutant,
	}
	quiet, drawn := s.settings.shares()
	done := uint64(0)
	batch := sim.Batch{
		Runs: s.runs(cfg, quiet, drawn), Workers: runtime.GOMAXPROCS(0), Verify: s.settings.Verify, Reuse: true,
		OnResult: func(r *sim.Result) bool {
			w := work{scenario.Name, phaseDrawn}
			if done < quiet { // results come in the order of the runs
				w.phase = phaseQuiet
			}
			done++
			s.ledger.add(w, r)
			if r.Verdict == sim.Pass {
				return true
			}
			s.fail(ctx, w, r, out)
			return false
		},
	}
	summary, err := batch.Do(ctx)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("certify: scenario %s is broken off: %w", scenario.Name, err)
	}
	if summary.Runs == 0 {
		return errNoRun
	}
	for _, vacuous := range summary.Vacuous() {
		s.ledger.vacuous[scenario.Name] = append(s.ledger.vacuous[scenario.Name], vacuous)
		out.Errorf("vacuous: %s", vacuous)
	}
	out.Logf("%d runs, %d store calls, %d conflicts, %d unknown outcomes",
		summary.Runs, summary.Coverage.Calls, summary.Coverage.Conflicts, summary.Coverage.Unknown)
	return nil
}

// runs yields the runs of one scenario, each of another seed, so that each has another
// program. Those with what their seeds draw have the first seeds.
func (s *session) runs(cfg sim.Config, quiet, drawn uint64) iter.Seq[sim.Config] {
	return func(yield func(sim.Config) bool) {
		schedulers := sched.All()
		for i := range quiet {
			cfg := cfg
			cfg.Seed, cfg.Faults = s.settings.First+drawn+i, &chaos.Plan{}
			if s.settings.Scheduler == "" {
				cfg.Scheduler = schedulers[i%uint64(len(schedulers))].Name
			}
			if !yield(cfg) {
				return
			}
		}
		s.drawn(cfg, drawn)(yield)
	}
}

// drawn yields runs with what their seeds draw.
func (s *session) drawn(cfg sim.Config, count uint64) iter.Seq[sim.Config] {
	end := time.Now().Add(s.settings.Duration) //nolint:forbidigo // how many seeds run is not part of a run
	return func(yield func(sim.Config) bool) {
		for i := uint64(0); i < count || time.Now().Before(end); i++ { //nolint:forbidigo // as above
			cfg.Seed = s.settings.First + i
			if !yield(cfg) {
				return
			}
		}
	}
}

// twice carries out one seed of each scenario twice.
func (s *session) twice(ctx context.Context, out output) error {
	out.Helper()
	w := work{"", phaseTwice}
	batch := sim.Batch{
		Workers: runtime.GOMAXPROCS(0), Verify: true,
		Runs: func(yield func(sim.Config) bool) {
			for _, p := range proofs() {
				cfg := sim.Config{Seed: s.settings.First, Backend: s.backend, Scenario: p.run(), Scheduler: s.settings.Scheduler}
				if s.lacks(p.scenario) == "" && !yield(cfg) {
					return
				}
			}
		},
		OnResult: func(r *sim.Result) bool {
			s.ledger.add(w, r)
			if r.Verdict == sim.Pass {
				return true
			}
			s.ledger.fail(w, r, "")
			// A server's order is its own; and what else is wrong the drawn runs have shown.
			say := out.Logf
			if r.Verdict == sim.NotDeterministic && !s.backend.Blocks {
				say = out.Errorf
			}
			say("%s, seed %d: %s: %s", r.Scenario, r.Seed, r.Verdict, r.Reason)
			return true
		},
	}
	_, err := batch.Do(ctx)
	return err
}

// inParallel carries out some programs in real time.
func (s *session) inParallel(ctx context.Context, out output) error {
	out.Helper()
	w := work{single, phaseParallel}
	scenario, err := scenarios.Lookup(w.scenario)
	if err != nil {
		return err
	}
	for i := range uint64(mostParallel) {
		if i >= parallelRuns && s.ledger.of(w).coverage.Overlaps > 0 {
			break
		}
		r, err := sim.Parallel(ctx, sim.Config{Seed: s.settings.First + i, Backend: s.backend, Scenario: scenario, Faults: &chaos.Plan{}})
		if err != nil {
			return err
		}
		s.ledger.add(w, r)
		if r.Verdict != sim.Pass {
			s.ledger.fail(w, r, "")
			out.Errorf("\n%s", screen(r, "nothing: its order was that of real time"))
			return nil
		}
	}
	return nil
}

// fail shrinks and shows a run, keeps its seed file and says that it failed.
func (s *session) fail(ctx context.Context, w work, r *sim.Result, out output) {
	out.Helper()
	file := seedfile.Of(r)
	if r.Failed() && s.settings.Shrink > 0 {
		outcome, err := shrink.Failed(ctx, r, s.backend, shrink.Options{Limit: s.settings.Shrink})
		switch {
		case err != nil:
			out.Logf("the run could not be shrunk: %v", err)
		case !outcome.Reproduced:
			out.Errorf("%s: %s", sim.NotReproduced, outcome.Result.Reason)
		default:
			r, file = outcome.Result, outcome.File()
		}
	}
	path, err := file.Save(s.settings.Dir)
	if err != nil {
		out.Logf("the seed file could not be kept: %v", err)
		path = ""
	}
	s.ledger.fail(w, r, path)
	out.Errorf("\n%s", screen(r, out.commands(r, w.phase == phaseQuiet, path)...))
}
