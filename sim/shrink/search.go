package shrink

import (
	"context"
	"sync"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// search is one search for a smaller run.
type search struct {
	cfg   sim.Config
	class Class
	opts  Options
	best  *attempt
	// considered is the number of candidates so far: of those that were run in vain, because
	// an earlier one held, none is counted, so that the number is the same everywhere.
	considered int
}

// pass yields candidates that are smaller than a run, the boldest first.
type pass func(b *attempt) []trial

// run tries all passes until none finds anything, and says whether it came that far.
func (s *search) run(ctx context.Context) (complete bool) {
	for {
		before := s.best
		for _, p := range passes() {
			s.sweep(ctx, p)
		}
		if s.over(ctx) {
			return false
		}
		if s.best == before {
			return true
		}
	}
}

// passes are in the order in which they make a large run small soon.
func passes() []pass {
	return []pass{
		onlyProof, withoutClients, withoutProbes, withoutHalves, withoutQuarters, withoutEighths, withoutPairs, withoutOperations,
		withoutFaults, withoutCrashes, gathered, joined, renumbered,
		withoutTwo, withoutStreams, mergedStreams, plainer,
		plainFaults, plainCrashes, calmer, fewSwitches,
	}
}

// detour shrinks the run on another backend, for at most half of the time, and takes the
// outcome over where it fails in the right way on its own.
func (s *search) detour(ctx context.Context, fast sim.Backend) {
	other := &search{cfg: s.cfg, class: s.class, opts: s.opts, best: &attempt{size: unbounded()}}
	other.cfg.Backend = fast
	short, cancel := context.WithTimeout(ctx, s.opts.Limit/2)
	defer cancel()
	_, found := other.first(short, []trial{s.best.trial().on(fast)})
	if found != nil {
		other.best = found
		other.run(short)
		if _, back := s.first(ctx, []trial{other.best.trial()}); back != nil {
			s.best = back
		}
	}
	s.considered += other.considered
}

func (s *search) over(ctx context.Context) bool {
	return ctx.Err() != nil || s.opts.Candidates > 0 && s.considered >= s.opts.Candidates
}

// sweep goes once through the candidates of a pass. Each that holds is the one from which
// the others are made from then on.
func (s *search) sweep(ctx context.Context, p pass) {
	for at := 0; !s.over(ctx); {
		trials := p(s.best)
		if at >= len(trials) {
			return
		}
		i, found := s.first(ctx, trials[at:])
		if found == nil {
			return
		}
		s.best = found
		at += i
	}
}

// first runs candidates at once and returns the first that holds.
func (s *search) first(ctx context.Context, trials []trial) (index int, found *attempt) {
	f := &firstFound{trials: trials, variants: s.variants, at: -1, limit: -1}
	if s.opts.Candidates > 0 {
		f.limit = s.opts.Candidates - s.considered
	}
	var workers sync.WaitGroup
	for range s.opts.Workers {
		workers.Go(func() {
			for ctx.Err() == nil {
				number, index, t, more := f.next()
				if !more {
					return
				}
				if a := s.try(ctx, t); a != nil {
					f.keep(number, index, a)
				}
			}
		})
	}
	workers.Wait()
	if f.found != nil {
		s.considered += f.foundNumber + 1
	} else {
		s.considered += f.taken
	}
	return f.foundIndex, f.found
}

// firstFound hands candidates out in their order and keeps the first of those that hold.
type firstFound struct {
	trials   []trial
	variants func(t trial, index int) []trial

	mu          sync.Mutex
	at          int // the trial whose variants are being handed out
	pending     []trial
	taken       int
	limit       int // how many may be taken, -1 for all
	found       *attempt
	foundNumber int
	foundIndex  int
}

func (f *firstFound) next() (number, index int, t trial, more bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.pending) == 0 {
		if f.at++; f.at >= len(f.trials) {
			return 0, 0, trial{}, false
		}
		f.pending = f.variants(f.trials[f.at], f.at)
	}
	if f.found != nil || f.taken == f.limit {
		return 0, 0, trial{}, false
	}
	t, f.pending = f.pending[0], f.pending[1:]
	f.taken++
	return f.taken - 1, f.at, t, true
}

func (f *firstFound) keep(number, index int, a *attempt) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.found == nil || number < f.foundNumber {
		f.found, f.foundNumber, f.foundIndex = a, number, index
	}
}

// shortSteps is the number of steps in which a phase must end in a first run: one that makes
// no progress costs as many steps as it may take, and most candidates do make progress.
const shortSteps = 5000

// try runs a candidate and returns it if it holds: if it fails in the right way, is smaller
// than the best, and does so again when it is replayed.
func (s *search) try(ctx context.Context, t trial) *attempt {
	cfg := s.cfg
	cfg.Faults, cfg.Crashes = plan(t.faults), &t.crashes
	cfg.Replay = &sim.Replay{Program: t.program, Schedule: t.schedule, Lenient: !s.mustBeFair()}
	if s.class.Verdict == sim.NoProgress && (cfg.Steps == 0 || cfg.Steps > shortSteps) {
		cfg.Steps = shortSteps
		if s.run1(ctx, cfg) == nil {
			return nil
		}
		cfg.Steps = s.cfg.Steps
	}
	a := s.run1(ctx, cfg)
	if a == nil {
		return nil
	}
	r := a.result
	again := s.cfg
	again.Faults, again.Crashes = plan(r.Faults), &r.Crashes
	again.Replay = &sim.Replay{Program: r.Program, Schedule: r.Schedule}
	b := s.run1(ctx, again)
	if b == nil || b.result.Trace.Hash() != r.Trace.Hash() {
		return nil
	}
	return b
}

func plan(faults []chaos.Fault) *chaos.Plan {
	p := chaos.Explicit(faults...)
	return &p
}

// mustBeFair says that the schedule must go on fairly where nothing is wished: else every
// store that waits makes no progress for want of turns.
func (s *search) mustBeFair() bool { return s.class.Name == "no progress" }

// run1 runs a configuration and returns it if it fails in the right way and is smaller than
// the best.
func (s *search) run1(ctx context.Context, cfg sim.Config) *attempt {
	r, err := sim.Run(ctx, cfg)
	if err != nil || ClassOf(r) != s.class {
		return nil
	}
	if a := newAttempt(r); a.size.Compare(s.best.size) < 0 {
		return a
	}
	return nil
}
