package scenarios

import (
	"errors"
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func projectionInvariants() []Invariant {
	return []Invariant{
		{
			"projected in order",
			"a projection passes the events behind its checkpoint, each once and in the global order, and leaves none out unsaid",
			checkProjectedInOrder,
		},
		{"poison not applied", "what a projection skips is what it cannot decode", checkPoison},
		{"checkpoints", "a checkpoint is the greatest that was saved, and never moves backwards", checkCheckpoints},
		{"nothing skipped", "every event up to a checkpoint was applied or reported before it was loaded", checkNothingSkipped},
	}
}

// order returns the events of a subscription in the global order.
func (f *Final) order(subscription string) []*eventcore.Recorded {
	if list, known := f.orders[subscription]; known {
		return list
	}
	filter := filterOf(subscription)
	var list []*eventcore.Recorded
	for i := range f.Global {
		if e := &f.Global[i]; filter.Match(e.Stream, e.Type) {
			list = append(list, e)
		}
	}
	if f.orders == nil {
		f.orders = make(map[string][]*eventcore.Recorded)
	}
	f.orders[subscription] = list
	return list
}

// behind returns the number of events up to a position.
func behind(order []*eventcore.Recorded, at eventcore.Position) int {
	n, _ := slices.BinarySearchFunc(order, at, func(e *eventcore.Recorded, at eventcore.Position) int {
		if e.Position.Compare(at) <= 0 {
			return -1
		}
		return 1
	})
	return n
}

func checkProjectedInOrder(f *Final) error {
	return f.projections(func(r *Result, log *ProjectionLog) error {
		order := f.order(log.Subscription)
		next := 0
		for i := range log.Acts {
			switch act := &log.Acts[i]; act.Kind {
			case ActLoaded:
				if act.Err == nil {
					next = behind(order, act.At)
				}
			case ActSaved:
				// What is saved too early is lost if the process dies.
				if n := behind(order, act.At); n > next {
					return fmt.Errorf("%s saves position %s, behind %d events, when it has passed %d", r.describe(), act.At, n, next)
				}
			case ActApplied, ActSkipped:
				if err := follows(order, next, act.Event); err != nil {
					return fmt.Errorf("%s: %s %s: %w", r.describe(), act.Kind, act.Event, err)
				}
				next++
			default:
			}
		}
		return nil
	})
}

// follows says why an event is not the next of a projection.
func follows(order []*eventcore.Recorded, next int, id eventcore.EventID) error {
	at := slices.IndexFunc(order, func(e *eventcore.Recorded) bool { return e.ID == id })
	switch {
	case at < 0:
		return fmt.Errorf("no such event of the subscription is in the log")
	case at < next:
		return fmt.Errorf("it is number %d of the subscription and was passed already; number %d is next", at+1, next+1)
	case at > next:
		left := order[next]
		return fmt.Errorf("it is number %d of the subscription; number %d, event %d of stream %q, was left out", at+1, next+1, left.Version, left.Stream)
	default:
		return nil
	}
}

func checkPoison(f *Final) error {
	return f.projections(func(r *Result, log *ProjectionLog) error {
		for i := range log.Acts {
			act := &log.Acts[i]
			if act.Kind != ActApplied && act.Kind != ActSkipped {
				continue
			}
			e := f.placeOf(act.Event).event
			if e == nil {
				continue
			}
			// What is sound in the log may have been damaged on the way.
			_, unreadable := errors.AsType[*eventcore.DeserializationFailed](act.Err)
			if e.Type == typePoison && act.Kind == ActApplied || act.Kind == ActSkipped && !unreadable {
				return fmt.Errorf("%s: event %d of stream %q, of type %q, was %s", r.describe(), e.Version, e.Stream, e.Type, act.Kind)
			}
		}
		return nil
	})
}

// checkCheckpoints treats a checkpoint as a register that only grows.
func checkCheckpoints(f *Final) error {
	saves := make(map[string][]*ProjectionAct)
	_ = f.projections(func(_ *Result, log *ProjectionLog) error {
		for i := range log.Acts {
			if act := &log.Acts[i]; act.Kind == ActSaved {
				saves[log.Subscription] = append(saves[log.Subscription], act)
			}
		}
		return nil
	})
	return f.projections(func(r *Result, log *ProjectionLog) error {
		for i := range log.Acts {
			act := &log.Acts[i]
			found := act.At
			switch {
			case act.Err != nil || act.Kind != ActLoaded && act.Kind != ActSaved:
				continue
			case act.Kind == ActSaved:
				found = act.Now
				if found.Compare(act.At) < 0 {
					return fmt.Errorf("%s saves position %s, and is told that the checkpoint is at %s", r.describe(), act.At, found)
				}
			}
			if err := fits(saves[log.Subscription], act, found); err != nil {
				return fmt.Errorf("%s: %w", r.describe(), err)
			}
		}
		return nil
	})
}

// fits says why no register that only grows can have been at the position.
func fits(saves []*ProjectionAct, act *ProjectionAct, found eventcore.Position) error {
	known := found.IsZero()
	for _, save := range saves {
		if save.Err == nil && save.Return < act.Call && max(0, save.Now.Compare(found)) > 0 {
			return fmt.Errorf("the checkpoint of %s is at %s, after it was at %s", act.Kind, found, save.Now)
		}
		sent := eventcore.OutcomeOf(save.Err) != eventcore.OutcomeNotApplied
		known = known || save.At == found && save.Call < act.Return && sent
	}
	if !known {
		return fmt.Errorf("the checkpoint of %s is at %s, which nobody has saved", act.Kind, found)
	}
	return nil
}

func checkNothingSkipped(f *Final) error {
	passed := make(map[string]map[eventcore.EventID]int64) // when first, by subscription
	_ = f.projections(func(_ *Result, log *ProjectionLog) error {
		times := passed[log.Subscription]
		if times == nil {
			times = make(map[eventcore.EventID]int64)
			passed[log.Subscription] = times
		}
		for i := range log.Acts {
			act := &log.Acts[i]
			if act.Kind != ActApplied && act.Kind != ActSkipped {
				continue
			}
			if first, ok := times[act.Event]; !ok || act.Return < first {
				times[act.Event] = act.Return
			}
		}
		return nil
	})
	return f.projections(func(r *Result, log *ProjectionLog) error {
		order := f.order(log.Subscription)
		for i := range log.Acts {
			act := &log.Acts[i]
			if act.Kind != ActLoaded || act.Err != nil {
				continue
			}
			for _, e := range order[:behind(order, act.At)] {
				if first, ok := passed[log.Subscription][e.ID]; !ok || first > act.Return {
					return fmt.Errorf("%s begins at %s; event %d of stream %q, at %s, was never applied nor reported before",
						r.describe(), act.At, e.Version, e.Stream, e.Position)
				}
			}
		}
		return nil
	})
}
