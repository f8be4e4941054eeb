package differ

import (
	"context"
	"slices"

	"github.com/eventcore-go/eventcore-sim/sim"
)

// Grade says how much of a run the seed decides on a backend.
type Grade string

// The grades, from best to worst.
const (
	// Bit: two runs of a seed are the same step by step, with all that the store returned.
	Bit Grade = "bit-deterministic"
	// Schedule: the same tasks take the same steps, but what is returned may differ in what
	// no caller acts on, such as IDs or times.
	Schedule Grade = "schedule-deterministic"
	// Outcome: steps may differ, but calls made in the same order return the same.
	Outcome Grade = "outcome-deterministic"
	// None: not even that.
	None Grade = "not deterministic"
)

// GradeOf carries out cfg twice, and where need be call by call twice more, and returns the
// grade that it shows: a grade is measured, not declared.
func GradeOf(ctx context.Context, cfg sim.Config) (Grade, error) {
	first, err := sim.Run(ctx, cfg)
	if err != nil {
		return None, err
	}
	second, err := sim.Run(ctx, cfg)
	if err != nil {
		return None, err
	}
	if sim.Compare(first.Trace, second.Trace) == nil {
		return Bit, nil
	}
	if slices.Equal(first.Schedule, second.Schedule) {
		// The schedule is the same; are the answers?
		if Compare(first, second) == nil {
			return Schedule, nil
		}
	}
	order := first.CallOrder()
	cfg.Replay = &sim.Replay{Program: first.Program}
	if first, err = Run(ctx, cfg, order); err != nil {
		return None, err
	}
	if second, err = Run(ctx, cfg, order); err != nil {
		return None, err
	}
	if Compare(first, second) == nil {
		return Outcome, nil
	}
	return None, nil
}

// Worse returns the worse of two grades.
func Worse(a, b Grade) Grade {
	all := []Grade{Bit, Schedule, Outcome, None}
	return all[max(slices.Index(all, a), slices.Index(all, b))]
}
