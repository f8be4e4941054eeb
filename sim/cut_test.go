package sim_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// cutRuns carries out runs whose steps are too few, and passes those on that were judged although
// operations had not come back.
func cutRuns(t *testing.T, cfg sim.Config, each func(r *sim.Result)) {
	t.Helper()
	for _, cfg.Steps = range []int{40, 80, 160, 320} {
		for cfg.Seed = range uint64(seedCount(40, 20)) {
			r := run(t, cfg)
			if r.History.Final != nil && len(cut(r)) > 0 {
				each(r)
			}
		}
	}
}

// cut returns the results of the operations that did not come back.
func cut(r *sim.Result) []*scenarios.Result {
	var all []*scenarios.Result
	for i := range r.Results {
		if r.Results[i].Cut {
			all = append(all, &r.Results[i])
		}
	}
	return all
}

// leftEvents says whether an operation that did not come back has an event in the log.
func leftEvents(r *sim.Result) bool {
	recorded := make(map[eventcore.EventID]bool)
	for _, events := range r.History.Final.Streams {
		for i := range events {
			recorded[events[i].ID] = true
		}
	}
	for _, o := range cut(r) {
		for _, attempt := range o.Attempts {
			if len(attempt.Events) > 0 && recorded[attempt.Events[0].Event.ID] {
				return true
			}
		}
	}
	return false
}

func TestARunThatIsCutIsNotTheStoresFault(t *testing.T) {
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			left := 0
			cutRuns(t, sim.Config{Backend: memoryBackend(), Scenario: s}, func(r *sim.Result) {
				require.Equal(t, sim.NoProgress, r.Verdict, "seed %d, %d steps: %+v", r.Seed, r.Steps, r.Findings)
				if leftEvents(r) {
					left++
				}
			})
			require.Positive(t, left, "no operation that was cut had appended anything")
		})
	}
}

// meddling appends what nobody has sent behind every fourth append.
type meddling struct {
	*memory.Store
	appends *int
}

func (s meddling) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	appended, err := s.Store.Append(ctx, w)
	if *s.appends++; err != nil || *s.appends%4 != 0 {
		return appended, err
	}
	var own eventcore.Writes
	at := appended.Streams[0]
	event := eventcore.Proposed{ID: eventcore.EventID{15: byte(*s.appends)}, Type: "made up", Data: []byte("{}")}
	if err := errors.Join(own.Expect(at.Stream, at.Version), own.Append(at.Stream, event)); err != nil {
		return appended, err
	}
	_, err = s.Store.Append(ctx, own)
	return appended, err
}

// torn writes the events of an append one by one, and others go on in between.
type torn struct{ *memory.Store }

func (s torn) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	var all eventcore.Appended
	at := make(map[eventcore.StreamID]eventcore.Version)
	for _, write := range w.Events() {
		to := w.Participants()[write.Participant]
		var one eventcore.Writes
		if err := errors.Join(one.Expect(to.Stream, to.Expected+at[to.Stream]), one.Append(to.Stream, write.Event)); err != nil {
			return all, err
		}
		appended, err := s.Store.Append(ctx, one)
		if err != nil {
			return all, err
		}
		at[to.Stream]++
		all = appended
		yield.Point(ctx, "between the events")
	}
	return all, nil
}

func TestWhatIsWrongInARunThatIsCutIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		wrap         func(*memory.Store) eventcore.Store
		where, finds string
	}{
		"an event that nobody sent": {func(store *memory.Store) eventcore.Store { return meddling{store, new(int)} }, "contention", "invariant known"},
		"half an append":            {func(store *memory.Store) eventcore.Store { return torn{store} }, "transfers", "invariant atomic"},
	} {
		t.Run(name, func(t *testing.T) {
			found := 0
			cutRuns(t, sim.Config{Backend: wrapped("planted", c.wrap), Scenario: scenario(t, c.where)}, func(r *sim.Result) {
				for _, f := range r.Findings {
					if f.Name == c.finds {
						require.Equal(t, sim.Violation, r.Verdict)
						found++
					}
				}
			})
			require.Positive(t, found)
		})
	}
}

func TestMutantsAreFoundInRunsThatAreCut(t *testing.T) {
	for name, where := range map[string]string{
		"lost-append": "contention", "torn-append": "transfers", "check-outside-lock": "contention", "shared-lease": "leadership",
		"repeated-token": "leadership", "saved-before-apply": "projection", "checkpoint-back": "projection", "snapshot-torn": "snapshots",
	} {
		t.Run(name, func(t *testing.T) {
			m, err := mutant.Lookup(name)
			require.NoError(t, err)
			found := 0
			cutRuns(t, sim.Config{Backend: memoryBackend(), Scenario: scenario(t, where), Mutant: &m}, func(r *sim.Result) {
				if r.Verdict == sim.Violation {
					found++
				}
			})
			require.Positive(t, found)
		})
	}
}
