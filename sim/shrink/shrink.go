// Package shrink makes of a failing run the smallest one it finds that fails in the same way.
//
// It works on what a seed file holds: the program, the faults, the crashes and the schedule.
// A change is kept if the changed run still fails with the same [Class], is smaller by [Size],
// and fails again when exactly that run is replayed.
//
//	outcome, err := shrink.Run(ctx, cfg, shrink.ClassOf(failed), shrink.Options{})
//
// The result is the same whenever the search was not cut short, whatever the number of
// processors: of the candidates that are tried at once, the first that holds is taken.
package shrink

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/eventcore-go/eventcore-sim/sim"
)

// DefaultLimit is the real time that shrinking takes at most if nothing else is asked for.
const DefaultLimit = 5 * time.Second

// Options bound the search. The zero value is usable.
type Options struct {
	// Limit is the real time after which the best so far is returned. 0: [DefaultLimit].
	Limit time.Duration
	// Candidates is the number of candidates after which it is; 0: there is none. Other
	// than Limit it makes no two machines differ.
	Candidates int
	// Fast, where not nil, is a backend whose runs cost little. If the run fails in the same
	// way on it too, it is shrunk there first, and what comes of that is taken over to its own
	// backend if it still fails there.
	Fast *sim.Backend
	// Workers is the number of runs under way at once. 0: one a processor.
	Workers int
}

// Class is what must stay the same for a smaller run to show the same thing.
type Class struct {
	Verdict sim.Verdict
	// Name is that of the first finding, empty where there is none.
	Name string
}

// ClassOf returns the class of a result.
func ClassOf(r *sim.Result) Class {
	c := Class{Verdict: r.Verdict}
	if len(r.Findings) > 0 {
		c.Name = r.Findings[0].Name
	}
	return c
}

// String returns the name, or the verdict where there is none.
func (c Class) String() string {
	if c.Name == "" {
		return string(c.Verdict)
	}
	return c.Name
}

// Outcome is what came of shrinking.
type Outcome struct {
	// Reproduced says that the run failed again when it was replayed. Where it did not,
	// Result is the replay with the verdict [sim.NotReproduced], and nothing was tried.
	Reproduced bool
	// Result is the smallest run that was found; the replay itself where there is none that
	// is smaller. Its program, schedule, faults and crashes replay it.
	Result *sim.Result
	// From and To are the sizes of the replay and of Result.
	From, To Size
	// Candidates is the number of runs that were considered, and Elapsed the real time.
	Candidates int
	Elapsed    time.Duration
	// Complete says that the search ended by itself: nothing that it tries is smaller.
	Complete bool
}

// Run replays a failing run and shrinks it. cfg is what replays it, as seedfile's File.Config
// returns it; class is how it failed. The error says that cfg is not valid or that ctx was
// cancelled before the replay had ended; what came after that is in the outcome.
func Run(ctx context.Context, cfg sim.Config, class Class, opts Options) (*Outcome, error) {
	if cfg.Replay == nil {
		return nil, fmt.Errorf("shrink: Config.Replay is nil; set it to the program and the schedule of the failed run")
	}
	began := time.Now() //nolint:forbidigo // how long it takes is for people; no run sees it
	replay, err := sim.Run(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("shrink: %w", err)
	}
	size := SizeOf(replay)
	if got := ClassOf(replay); got != class {
		return &Outcome{Result: notReproduced(replay, class, got), From: size, To: size}, nil
	}
	if opts.Limit <= 0 {
		opts.Limit = DefaultLimit
	}
	if opts.Workers <= 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithTimeout(ctx, opts.Limit)
	defer cancel()
	s := &search{cfg: cfg, class: class, opts: opts, best: newAttempt(replay)}
	if opts.Fast != nil && opts.Fast.Name != cfg.Backend.Name {
		s.detour(ctx, *opts.Fast)
	}
	complete := s.run(ctx)
	return &Outcome{
		Reproduced: true, Result: s.best.result, From: size, To: s.best.size,
		Candidates: s.considered, Complete: complete,
		Elapsed: time.Since(began), //nolint:forbidigo // as above
	}, nil
}

// notReproduced makes a result that says so of a replay.
func notReproduced(replay *sim.Result, want, got Class) *sim.Result {
	r := *replay
	r.Verdict = sim.NotReproduced
	r.Reason = fmt.Sprintf("the run failed with %s (%s); replayed, it came to %s (%s)", want, want.Verdict, got, got.Verdict)
	return &r
}
