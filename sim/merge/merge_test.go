package merge_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/mergeruns"
	"github.com/eventcore-go/eventcore-sim/sim/merge"
)

// seeds is within how many seeds what is planted is found, which the store without it passes.
const seeds = 8

// byID orders events by their IDs, and so by the clock of who appended them.
func byID(events []eventcore.Recorded) []eventcore.Recorded {
	slices.SortFunc(events, func(a, b eventcore.Recorded) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return events
}

// renumbered orders the events of a stream in that way.
func renumbered(events []eventcore.Recorded) []eventcore.Recorded {
	events = byID(events)
	for i := range events {
		events[i].Version = eventcore.Version(i + 1)
	}
	return events
}

// bugs are what is planted, by what must be found of it.
var bugs = map[string]struct {
	plant func(*planted)
	found merge.Anomaly
}{
	"nothing": {func(*planted) {}, ""},
	// What a branch had is gone once it is settled.
	"a merge drops a branch": {func(p *planted) {
		p.settles = func(ctx context.Context, p *planted, resolve func([]eventcore.EventID) merge.Resolution) error {
			var last []eventcore.EventID
			err := p.Store.Reconcile(ctx, func(fork []eventcore.EventID) merge.Resolution {
				last = append(last, fork[len(fork)-1])
				return resolve(fork)
			})
			for _, transaction := range last {
				err = errors.Join(err, p.hide(transaction, func(eventcore.EventID) bool { return true }))
			}
			return err
		}
	}, merge.CursorSkipped},
	// What comes from elsewhere and contradicts what is here is never delivered.
	"a branch is not taken in": {func(p *planted) {
		p.refresh = func(ctx context.Context, p *planted) error {
			err := p.Store.Refresh(ctx)
			forks, failed := p.Store.Forks(ctx)
			for _, fork := range forks {
				for _, transaction := range fork {
					err = errors.Join(err, p.hide(transaction, func(id eventcore.EventID) bool { return !p.delivered[id] }))
				}
			}
			return errors.Join(err, failed)
		}
	}, merge.Lost},
	"an append is acknowledged and not kept": {func(p *planted) {
		p.appends = func(context.Context, *planted, eventcore.Writes) (eventcore.Appended, error) {
			return eventcore.Appended{}, nil
		}
	}, merge.Lost},
	"an append is kept and said not to be": {func(p *planted) {
		p.appends = func(ctx context.Context, p *planted, w eventcore.Writes) (eventcore.Appended, error) {
			done, err := p.Store.Append(ctx, w)
			if eventcore.OutcomeOf(err) == eventcore.OutcomeUnknown {
				err = &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err}
			}
			return done, err
		}
	}, merge.Lost},
	"branches by the clocks of who wrote them": {func(p *planted) { p.stream = renumbered }, merge.Misordered},
	"one replica orders branches in a way of its own": {func(p *planted) {
		if p.opts.Replica == 1 {
			p.stream = renumbered
		}
	}, merge.Diverged},
	"what is taken in comes between what was delivered": {func(p *planted) { p.all = byID }, merge.CursorSkipped},
	"a version is there twice": {func(p *planted) {
		p.stream = func(events []eventcore.Recorded) []eventcore.Recorded {
			if n := len(events); n > 2 {
				events[n-1].Version--
			}
			return events
		}
	}, merge.Gap},
	"a conflict between replicas is not reported": {func(p *planted) {
		p.forks = func(context.Context, *planted) ([][]eventcore.EventID, error) { return nil, nil }
	}, merge.ForkMissed},
	"only the first of several conflicts is reported": {func(p *planted) {
		p.forks = func(ctx context.Context, p *planted) ([][]eventcore.EventID, error) {
			forks, err := p.Store.Forks(ctx)
			return forks[:min(len(forks), 1)], err
		}
	}, merge.ForkMissed},
	"a conflict is reported that was settled": {func(p *planted) {
		p.settles = func(ctx context.Context, p *planted, resolve func([]eventcore.EventID) merge.Resolution) error {
			return p.Store.Reconcile(ctx, func(fork []eventcore.EventID) merge.Resolution {
				r := resolve(fork)
				if !r.Unresolvable {
					p.settled = append(p.settled, fork)
				}
				return r
			})
		}
		p.forks = func(ctx context.Context, p *planted) ([][]eventcore.EventID, error) {
			forks, err := p.Store.Forks(ctx)
			return append(forks, p.settled...), err
		}
	}, merge.ForkInvented},
	"a conflict with the expected version is not reported": {func(p *planted) {
		p.appends = func(ctx context.Context, p *planted, w eventcore.Writes) (eventcore.Appended, error) {
			done, err := p.Store.Append(ctx, w)
			if errors.Is(err, eventcore.ErrVersionConflict) {
				err = nil
			}
			return done, err
		}
	}, merge.Refused},
	"nothing is ever settled": {func(p *planted) {
		p.settles = func(context.Context, *planted, func([]eventcore.EventID) merge.Resolution) error { return nil }
	}, merge.Endless},
	"nobody is told of another order": {func(p *planted) { p.topology = func(*planted) uint64 { return 0 } }, merge.Topology},
	"what was fetched is refused": {func(p *planted) {
		p.refresh = func(context.Context, *planted) error { return errors.New("planted") }
	}, merge.Refused},
}

// first returns the first seed on which something is found, or the last one.
func first(t *testing.T, open merge.Open, found merge.Anomaly) merge.Result {
	t.Helper()
	var r merge.Result
	for seed := range uint64(seeds) {
		var err error
		r, err = merge.Run(t.Context(), open, seed)
		require.NoError(t, err)
		if r.Violation != nil && (found == "" || r.Violation.Anomaly == found) {
			break
		}
	}
	return r
}

// TestWhatIsPlantedIsFoundByItsName, and found again by the twin of the run.
func TestWhatIsPlantedIsFoundByItsName(t *testing.T) {
	for name, bug := range bugs {
		t.Run(name, func(t *testing.T) {
			r := first(t, plant(bug.plant), bug.found)
			if bug.found == "" {
				require.Nil(t, r.Violation)
			} else {
				require.NotNil(t, r.Violation)
				require.Equal(t, bug.found, r.Violation.Anomaly, "%v", r.Violation)
				require.Positive(t, r.Violation.Step)
			}
			twin, err := merge.Run(t.Context(), plant(bug.plant), r.Seed)
			require.NoError(t, err)
			require.Equal(t, r, twin)
		})
	}
}

func TestEveryAnomalyHasABugThatShowsIt(t *testing.T) {
	shown := map[merge.Anomaly]bool{"": true}
	for _, bug := range bugs {
		shown[bug.found] = true
	}
	require.Len(t, shown, 1+10, "all that package merge names, and nothing")
}

// TestTheHashIsThatOfTheRun: a seed has one, whatever run it is; another seed has another, and so
// has a store that answers otherwise the second time.
func TestTheHashIsThatOfTheRun(t *testing.T) {
	hashes := map[string]bool{}
	for seed := range uint64(4) {
		r, err := merge.Run(t.Context(), mergeruns.Open, seed)
		require.NoError(t, err)
		require.Equal(t, seed, r.Seed)
		twin, err := merge.Run(t.Context(), mergeruns.Open, seed)
		require.NoError(t, err)
		require.Equal(t, r, twin)
		hashes[r.Hash] = true
	}
	require.Len(t, hashes, 4)

	opened := 0
	restless := plant(func(p *planted) {
		if p.opts.Replica == 0 {
			opened++
		}
		run := opened
		p.stream = func(events []eventcore.Recorded) []eventcore.Recorded {
			for i := range events {
				events[i].Type += string(rune('a' + run%20))
			}
			return events
		}
	})
	r, err := merge.Run(t.Context(), restless, 0)
	require.NoError(t, err)
	twin, err := merge.Run(t.Context(), restless, 0)
	require.NoError(t, err)
	require.NotEqual(t, r.Hash, twin.Hash)
}

func TestAStoreThatDoesNotOpenIsFoundAndAContextThatEndsIsNot(t *testing.T) {
	r, err := merge.Run(t.Context(), func(context.Context, merge.Options) (merge.Store, error) {
		return nil, errors.New("planted")
	}, 0)
	require.NoError(t, err)
	require.ErrorContains(t, r.Violation, "refused at step 0, replica 0: open: planted")

	for appends := range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		if appends == 0 {
			cancel()
		}
		n := 0
		r, err = merge.Run(ctx, plant(func(p *planted) {
			p.appends = func(ctx context.Context, p *planted, w eventcore.Writes) (eventcore.Appended, error) {
				if n++; n == appends {
					cancel()
				}
				return p.Store.Append(ctx, w)
			}
		}), 0)
		cancel()
		require.ErrorIs(t, err, context.Canceled)
		require.Nil(t, r.Violation)
	}
}

// TestAViolationIsReportedThatIsFoundAsItsContextEnds: it is none of those that a store is forgiven
// which is interrupted.
func TestAViolationIsReportedThatIsFoundAsItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := merge.Run(ctx, plant(func(p *planted) {
		p.topology = func(p *planted) uint64 {
			if p.Store.TopologyGeneration() > 0 {
				cancel()
			}
			return 0
		}
	}), first(t, plant(bugs["nobody is told of another order"].plant), merge.Topology).Seed)
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	require.NoError(t, err)
	require.NotNil(t, r.Violation)
	require.Equal(t, merge.Topology, r.Violation.Anomaly)
}

// TestWhatIsRefusedOnceTheContextHasEndedIsAnInterruption, whatever the store calls it.
func TestWhatIsRefusedOnceTheContextHasEndedIsAnInterruption(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := merge.Run(ctx, plant(func(p *planted) {
		p.refresh = func(context.Context, *planted) error {
			cancel()
			return errors.New("planted")
		}
	}), 0)
	require.ErrorIs(t, err, context.Canceled)
	require.Nil(t, r.Violation)
}
