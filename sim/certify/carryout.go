package certify

import (
	"context"
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
	// none.
	commands(r *sim.Result, path string) []string
}

const (
	// quietShare is the part of the seeds that runs without faults: a fourth of them.
	quietShare = 4
	// fewestQuiet is the least number of them: one for each scheduler.
	fewestQuiet = 3
	// mostRounds is how often as many runs without faults are added for want of what the
	// scenario is for.
	mostRounds = 5
	// parallelRuns is the number of runs in real time. Where no calls have overlapped in them
	// there are more, up to mostParallel: on few cores a fast store is done with a call before
	// another client comes to make one.
	parallelRuns, mostParallel = 5, 2000
)

// carryOut does a piece of work. What goes wrong with a run is said and noted; the error is
// that of a configuration.
func (s *session) carryOut(ctx context.Context, w work, out output) error {
	out.Helper()
	switch w.phase {
	case phaseTwice:
		return s.twice(ctx, w, out)
	case phaseParallel:
		return s.inParallel(ctx, w, out)
	default:
		return s.simulate(ctx, w, out)
	}
}

// simulate runs the seeds of one scenario.
func (s *session) simulate(ctx context.Context, w work, out output) error {
	out.Helper()
	scenario, err := scenarios.Lookup(w.scenario)
	if err != nil {
		return err
	}
	cfg := sim.Config{
		Backend: s.backend, Scenario: scenario, Scheduler: s.settings.Scheduler, Faults: s.settings.Faults, Mutant: s.settings.Mutant,
	}
	if w.phase != phaseQuiet {
		return s.batch(ctx, w, out, s.drawn(cfg))
	}
	// Few runs may not have met what the scenario is for.
	count := max(fewestQuiet, s.settings.Seeds/quietShare)
	for round := range uint64(mostRounds) {
		if err := s.batch(ctx, w, out, s.quiet(cfg, round*count, count)); err != nil {
			return err
		}
		e := s.ledger.of(w)
		if len(e.failures) > 0 || e.runs < leastQuiet || e.unmet(w.scenario) == "" {
			break
		}
	}
	return nil
}

// batch carries out runs of one scenario.
func (s *session) batch(ctx context.Context, w work, out output, runs iter.Seq[sim.Config]) error {
	out.Helper()
	batch := sim.Batch{
		Runs: runs, Workers: runtime.GOMAXPROCS(0), Verify: s.settings.Verify,
		OnResult: func(r *sim.Result) bool {
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
	if summary.Runs == 0 {
		return errNoRun
	}
	e := s.ledger.of(w)
	for _, vacuous := range summary.Vacuous() {
		e.unproven = append(e.unproven, vacuous)
		out.Errorf("vacuous: %s", vacuous)
	}
	out.Logf("%d runs, %d store calls, %d conflicts, %d unknown outcomes",
		summary.Runs, summary.Coverage.Calls, summary.Coverage.Conflicts, summary.Coverage.Unknown)
	return nil
}

// drawn yields runs with what their seeds draw.
func (s *session) drawn(cfg sim.Config) iter.Seq[sim.Config] {
	end := time.Now().Add(s.settings.Duration) //nolint:forbidigo // how many seeds run is not part of a run
	return func(yield func(sim.Config) bool) {
		for i := uint64(0); i < s.settings.Seeds || time.Now().Before(end); i++ { //nolint:forbidigo // as above
			cfg.Seed = s.settings.First + i
			if !yield(cfg) {
				return
			}
		}
	}
}

// quiet yields count runs without faults, the schedulers in turn.
func (s *session) quiet(cfg sim.Config, from, count uint64) iter.Seq[sim.Config] {
	cfg.Faults = &chaos.Plan{}
	schedulers := sched.All()
	return func(yield func(sim.Config) bool) {
		for i := from; i < from+count; i++ {
			cfg.Seed = s.settings.First + i
			if s.settings.Scheduler == "" {
				cfg.Scheduler = schedulers[i%uint64(len(schedulers))].Name
			}
			if !yield(cfg) {
				return
			}
		}
	}
}

// twice carries out one seed of each scenario twice.
func (s *session) twice(ctx context.Context, w work, out output) error {
	out.Helper()
	for _, p := range proofs() {
		if s.lacks(p.scenario) != "" {
			continue
		}
		r, err := sim.Verify(ctx, sim.Config{Seed: s.settings.First, Backend: s.backend, Scenario: p.run(), Scheduler: s.settings.Scheduler})
		if err != nil {
			return err
		}
		s.ledger.add(w, r)
		if r.Verdict == sim.Pass {
			continue
		}
		s.ledger.fail(w, r, "")
		switch {
		case r.Verdict == sim.NotDeterministic && s.backend.Blocks:
			out.Logf("%s, seed %d: %s", p.scenario, r.Seed, r.Reason)
		case r.Verdict == sim.NotDeterministic:
			out.Errorf("%s, seed %d: %s", p.scenario, r.Seed, r.Reason)
		default: // the drawn runs have shown it
			out.Logf("%s, seed %d: %s: %s", p.scenario, r.Seed, r.Verdict, r.Reason)
		}
	}
	return nil
}

// inParallel carries out some programs in real time.
func (s *session) inParallel(ctx context.Context, w work, out output) error {
	out.Helper()
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
	out.Errorf("\n%s", screen(r, out.commands(r, path)...))
}
