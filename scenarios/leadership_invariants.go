package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func leadershipInvariants() []Invariant {
	return []Invariant{
		{"one leader", "at most one projection leads a subscription at a time", checkOneLeader},
		{"tokens grow", "each leadership of a subscription has a greater token than those before it", checkTokens},
		{"lost is lost", "the check of a lease that has ended says so, and that of a lease that is held does not", checkLeaseChecks},
		{"free is free", "a subscription that nobody leads is given to whoever asks", checkRefusals},
	}
}

// never is a logical time behind all others.
const never = math.MaxInt64

// tenure is the time of a leadership, as far as it is known.
type tenure struct {
	of    *Result
	lease int
	token uint64
	// The lease was given between call and given, and ended between ending and ended.
	call, given, ending, ended int64
}

// tenures returns the leaderships of each subscription, in the order in which they were
// known to be given.
func (f *Final) tenures() map[string][]tenure {
	all := make(map[string][]tenure)
	_ = f.projections(func(r *Result, log *ProjectionLog) error {
		first := len(all[log.Subscription])
		list := all[log.Subscription]
		for i := range log.Acts {
			act := &log.Acts[i]
			switch {
			case act.Kind == ActAcquired && act.Err == nil:
				list = append(list, tenure{of: r, lease: act.Lease, token: act.Token, call: act.Call, given: act.Return, ending: never, ended: never})
			case act.Kind == ActReleased || act.Kind == ActLost:
				t := &list[first+act.Lease-1]
				// What was reported as failed may have been done.
				t.ending = min(t.ending, act.Call)
				if act.Err == nil {
					t.ended = min(t.ended, act.Return)
				}
			}
		}
		all[log.Subscription] = list
		return nil
	})
	for _, list := range all {
		for i := range list {
			f.endByCrash(&list[i])
			f.endByLoss(&list[i])
		}
		slices.SortFunc(list, func(a, b tenure) int { return cmp.Compare(a.given, b.given) })
	}
	return all
}

// endByCrash ends a leadership with the process of the store. Of one that was given around
// that time it is not known whether it was before the crash or behind it.
func (f *Final) endByCrash(t *tenure) {
	for _, crash := range f.Crashes {
		if crash > t.call {
			t.ending = min(t.ending, crash)
		}
		if crash > t.given {
			t.ended = min(t.ended, crash)
		}
	}
}

// endByLoss notes that a leadership may have ended with a session of its client.
func (f *Final) endByLoss(t *tenure) {
	for _, lost := range f.Lost {
		if lost.Client == t.of.Client && lost.From > t.call {
			t.ending = min(t.ending, lost.From)
		}
	}
}

// lingers says whether the server may have kept what a lost session held at some time
// between two.
func (f *Final) lingers(from, to int64) bool {
	return slices.ContainsFunc(f.Lost, func(lost LostSession) bool { return lost.From < to && lost.To > from })
}

// eachTenures calls check with the leaderships of each subscription.
func (f *Final) eachTenures(check func(list []tenure) error) error {
	all := f.tenures()
	for _, subscription := range slices.Sorted(maps.Keys(all)) {
		if err := check(all[subscription]); err != nil {
			return fmt.Errorf("subscription %q: %w", subscription, err)
		}
	}
	return nil
}

func checkOneLeader(f *Final) error {
	return f.eachTenures(func(list []tenure) error {
		for i := range list {
			for j := range i {
				// One that was given over a crash may have ended before its holder knew of it.
				if min(list[i].ending, list[j].ending) > list[i].given {
					return fmt.Errorf("%s leads with token %d, while %s leads with token %d and has not given up yet",
						list[i].of.describe(), list[i].token, list[j].of.describe(), list[j].token)
				}
			}
		}
		return nil
	})
}

func checkTokens(f *Final) error {
	return f.eachTenures(func(list []tenure) error {
		for i := range list {
			for j := range i {
				if list[j].given < list[i].call && list[j].token >= list[i].token {
					return fmt.Errorf("%s was given token %d after %s was given %d",
						list[i].of.describe(), list[i].token, list[j].of.describe(), list[j].token)
				}
			}
		}
		return nil
	})
}

func checkLeaseChecks(f *Final) error {
	all := f.tenures()
	return f.projections(func(r *Result, log *ProjectionLog) error {
		for i := range log.Acts {
			act := &log.Acts[i]
			if act.Kind != ActChecked {
				continue
			}
			list := all[log.Subscription]
			t := &list[slices.IndexFunc(list, func(t tenure) bool { return t.of == r && t.lease == act.Lease })]
			if act.Err == nil && t.ended < act.Call {
				return fmt.Errorf("%s: its lease with token %d has ended, and the check says that it is held", r.describe(), act.Token)
			}
			if other := surelyLeads(list, t, act); act.Err == nil && other != nil {
				return fmt.Errorf("%s: the check says that its lease with token %d is held, while %s leads with token %d",
					r.describe(), act.Token, other.of.describe(), other.token)
			}
			if errors.Is(act.Err, eventcore.ErrLeaseLost) && t.ending > act.Return {
				return fmt.Errorf("%s: its lease with token %d is said to be lost, and nobody has taken it: %w", r.describe(), act.Token, act.Err)
			}
		}
		return nil
	})
}

// surelyLeads returns a leadership other than t that was given before an act and had not
// ended behind it, nil if there is none.
func surelyLeads(list []tenure, t *tenure, act *ProjectionAct) *tenure {
	for i := range list {
		if other := &list[i]; other != t && other.given < act.Call && other.ending > act.Return {
			return other
		}
	}
	return nil
}

func isHeld(err error) bool { return errors.Is(err, eventcore.ErrLeaseHeld) }

func checkRefusals(f *Final) error {
	all := f.tenures()
	tried := f.attemptsToLead()
	return f.projections(func(r *Result, log *ProjectionLog) error {
		for i := range log.Acts {
			act := &log.Acts[i]
			if act.Kind != ActAcquired || !isHeld(act.Err) {
				continue
			}
			held := slices.ContainsFunc(all[log.Subscription], func(t tenure) bool { return t.call < act.Return && t.ended > act.Call })
			// An attempt that failed may have held the lease for a moment.
			held = held || slices.ContainsFunc(tried[log.Subscription], func(other *ProjectionAct) bool {
				return other != act && other.Call < act.Return && other.Return > act.Call
			})
			if !held && !f.lingers(act.Call, act.Return) {
				return fmt.Errorf("%s is told that another one leads, and nobody does", r.describe())
			}
		}
		return nil
	})
}

// attemptsToLead returns the attempts of each subscription that came to nothing for another
// reason than that somebody leads.
func (f *Final) attemptsToLead() map[string][]*ProjectionAct {
	tried := make(map[string][]*ProjectionAct)
	_ = f.projections(func(_ *Result, log *ProjectionLog) error {
		for i := range log.Acts {
			if act := &log.Acts[i]; act.Kind == ActAcquired && act.Err != nil && !isHeld(act.Err) {
				tried[log.Subscription] = append(tried[log.Subscription], act)
			}
		}
		return nil
	})
	return tried
}
