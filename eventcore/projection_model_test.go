package eventcore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// projectionTrial is one projection over several runs.
type projectionTrial struct {
	own, eachPage, leads, standby bool
	poison                        int // every seventh event from this on is poison; 0 is every seventh, 7 none
	page                          int
	runs                          []projectionRunTrial
}

// projectionRunTrial is one run and what goes wrong in its calls.
type projectionRunTrial struct {
	grows      int
	continuous bool
	strategy   string
	failures   int
	tape       []string
}

func projectionTrials() *rapid.Generator[projectionTrial] {
	fault := rapid.SampledFrom([]string{"", "", "", "", "", "fail", "fail", "did", "did", "lost", "lost", "lost", "cut", "cut", "cancel", "late", "crash"})
	run := rapid.Custom(func(t *rapid.T) projectionRunTrial {
		return projectionRunTrial{
			grows:      rapid.IntRange(0, 5).Draw(t, "grows"),
			continuous: rapid.Bool().Draw(t, "continuous"),
			strategy:   rapid.SampledFrom([]string{"fatal", "skip", "retry skip", "retry fatal"}).Draw(t, "strategy"),
			failures:   rapid.IntRange(0, 3).Draw(t, "failures"),
			tape:       rapid.SliceOfN(fault, 0, 25).Draw(t, "tape"),
		}
	})
	return rapid.Custom(func(t *rapid.T) projectionTrial {
		tr := projectionTrial{
			own: rapid.Bool().Draw(t, "own"), eachPage: rapid.Bool().Draw(t, "each page"),
			leads: rapid.Bool().Draw(t, "leads"), standby: rapid.Bool().Draw(t, "standby"),
			poison: rapid.IntRange(0, 9).Draw(t, "poison"), page: rapid.IntRange(1, 4).Draw(t, "page"),
			runs: rapid.SliceOfN(run, 1, 6).Draw(t, "runs"),
		}
		// The last run meets no fault: it has to make up for all others.
		tr.runs = append(tr.runs, projectionRunTrial{grows: 2, strategy: "skip", failures: 1})
		return tr
	})
}

// parts is what a run is given; a planted bug changes one of them.
type parts struct {
	world       *world
	reader      eventcore.AllReader
	projector   eventcore.Projector[scriptEvent]
	checkpoints eventcore.CheckpointStore
	coordinator eventcore.Coordinator
	ctx         context.Context
}

// project runs a trial and tells what is wrong with it.
func (tr projectionTrial) project(w *world, plant func(*parts)) error {
	w.own, w.leads = tr.own, tr.leads
	for n, run := range tr.runs {
		w.grow(run.grows, tr.poison)
		if err := tr.run(w, run, plant); err != nil {
			return fmt.Errorf("run %d of %+v: %w", n, tr, err)
		}
	}
	for _, e := range w.log {
		applied, skipped := w.applied[e.Position], w.skipped[e.Position]
		switch {
		case applied+skipped == 0:
			return fmt.Errorf("%+v: %s is neither applied nor skipped", tr, e.Position)
		case tr.own && applied > 1:
			return fmt.Errorf("%+v: %s is applied %d times in the transaction of its checkpoint", tr, e.Position, applied)
		}
	}
	if w.checkpoint != w.log[len(w.log)-1].Position {
		return fmt.Errorf("%+v: the checkpoint ends at %s", tr, w.checkpoint)
	}
	return nil
}

func (tr projectionTrial) run(w *world, run projectionRunTrial, plant func(*parts)) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.cancel, w.tape, w.continuous, w.held, w.lost, w.unsure = cancel, run.tape, run.continuous, false, false, false
	w.next, w.began, w.sleeps = w.after(w.checkpoint), false, 0
	clear(w.fired)
	before := len(w.skipped)
	p := &parts{world: w, reader: w, projector: worldProjector{w}, checkpoints: worldCheckpoints{w}, coordinator: worldCoordinator{w}, ctx: ctx}
	if tr.own {
		p.projector = worldOwner{w}
	}
	plant(p)
	result, err, crashed := tr.start(p, run)
	if crashed {
		return w.verdict()
	}
	poisoned := strings.HasSuffix(run.strategy, "fatal") && w.next < len(w.log) && w.poison[w.log[w.next].Position]
	switch {
	case err == nil && w.next < len(w.log):
		w.wrong("ended at %s, before the end", w.last())
	case err == nil && run.continuous:
		w.wrong("a continuous run ended by itself")
	case err != nil && len(w.fired) == 0 && !poisoned && !run.continuous:
		w.wrong("ended with an error, and there was no fault: %v", err)
	case errors.Is(err, context.Canceled) && !tr.own && !w.unsure && w.checkpoint != w.last():
		w.wrong("cancelled at %s, the checkpoint is %s", w.last(), w.checkpoint)
	}
	if w.held {
		w.wrong("the lease is not released")
	}
	if result.Checkpoint.Compare(w.checkpoint) > 0 || (w.began && !tr.own && result.Position != w.last() && !w.lost && w.fired["lost"] == 0) {
		w.wrong("the result says %+v, where the projection is at %s with the checkpoint %s", result, w.last(), w.checkpoint)
	}
	if len(w.skipped)-before > result.Skipped && !tr.own {
		w.wrong("%d events were skipped, the result says %d", len(w.skipped)-before, result.Skipped)
	}
	return w.verdict()
}

// start runs the projection, until it ends or crashes.
func (tr projectionTrial) start(p *parts, run projectionRunTrial) (result eventcore.Projected, err error, crashed bool) {
	defer func() {
		if r := recover(); r != nil {
			if r != errCrash {
				panic(r)
			}
			crashed = true
		}
	}()
	result, err = eventcore.RunProjection(p.ctx, p.reader, p.projector, tr.options(p, run)...)
	return result, err, false
}

func (w *world) verdict() error {
	if len(w.problems) > 0 {
		return errors.New(strings.Join(w.problems, "; "))
	}
	return nil
}

func (tr projectionTrial) options(p *parts, run projectionRunTrial) []eventcore.ProjectionOption {
	retry := eventcore.Fixed(time.Millisecond, 2)
	strategy := map[string]eventcore.EventStrategy{
		"skip": eventcore.SkipEvent(), "retry skip": eventcore.RetryEvent(retry, eventcore.SkipEvent()),
		"retry fatal": eventcore.RetryEvent(retry, eventcore.FatalEvent()),
	}[run.strategy]
	options := []eventcore.ProjectionOption{
		eventcore.WithProjectionCodec(constCodec{scriptEvent(added{1})}), eventcore.WithPageSize(tr.page),
		eventcore.WithSubscription(eventcore.MustSubscriptionID("sums")), eventcore.WithEventStrategy(strategy),
		eventcore.WithFailureRetry(eventcore.Fixed(time.Millisecond, run.failures)), eventcore.WithProjectionRandom(fixedRandom()),
		eventcore.WithProjectionClock(p.world), eventcore.WithStopTimeout(time.Minute),
		eventcore.OnNotice(p.world.notice), eventcore.WithProjectionLogger(silent),
	}
	if !tr.own {
		options = append(options, eventcore.WithCheckpoints(p.checkpoints))
	}
	if !tr.own && tr.eachPage {
		options = append(options, eventcore.WithCheckpointEachPage())
	}
	if tr.leads {
		options = append(options, eventcore.WithCoordinator(p.coordinator))
	}
	if tr.leads && tr.standby {
		options = append(options, eventcore.WithStandby(eventcore.Fixed(time.Second, 3)))
	}
	if run.continuous {
		options = append(options, eventcore.WithPolling(0, 0))
	}
	return options
}

func TestProjectionKeepsItsPlaceThroughFaults(t *testing.T) {
	generator := projectionTrials()
	rapid.Check(t, func(r *rapid.T) {
		if err := generator.Draw(r, "trial").project(newWorld(), func(*parts) {}); err != nil {
			r.Fatal(err)
		}
	})
}

func TestProjectionModelFindsPlantedBugs(t *testing.T) {
	for _, tc := range projectionPlants {
		t.Run(tc.name, func(t *testing.T) {
			generator, found := projectionTrials(), 0
			for seed := range 200 {
				if generator.Example(seed).project(newWorld(), tc.plant) != nil {
					found++
				}
			}
			require.Positive(t, found)
		})
	}
}

// TestProjectionTrialsReachEveryFault guards the two tests above against trials that try
// nothing.
func TestProjectionTrialsReachEveryFault(t *testing.T) {
	generator, reached := projectionTrials(), map[string]int{}
	for seed := range 2000 {
		tr, w := generator.Example(seed), newWorld()
		require.NoError(t, tr.project(w, func(p *parts) {
			p.world.reached = reached
		}))
		for at := range w.applied {
			if w.applied[at] > 1 {
				reached["applied twice"]++
			}
			if w.poison[at] {
				reached["poison applied"]++
			}
		}
		reached["skipped"] += len(w.skipped)
	}
	for _, what := range []string{
		"fail", "did", "lost", "cut", "cancel", "late", "crash", "skipped", "applied twice",
		"committed, then found", "detached save", "new term", "timeout of the clock",
	} {
		require.Greater(t, reached[what], 5, "%q of %v", what, reached)
	}
	require.Zero(t, reached["poison applied"])
}
