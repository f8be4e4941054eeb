package sim_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

func explicit(r *sim.Result) *chaos.Plan {
	plan := chaos.Explicit(r.Faults...)
	return &plan
}

func TestEveryScenarioPassesOnMemory(t *testing.T) {
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			// All seeds that the budgets of mutants speak of.
			for seed := range uint64(seedCount(61, 9)) {
				result := run(t, sim.Config{Seed: seed, Backend: memoryBackend(), Scenario: s})
				require.Equal(t, sim.Pass, result.Verdict, "seed %d: %s", seed, result.Reason)
				require.Positive(t, result.Coverage.Calls)
				require.NotEmpty(t, result.Results)
			}
		})
	}
}

// locking takes two locks for each append, in the order of the append's first
// event's ID: two clients can wait for each other.
type locking struct {
	*memory.Store
	held  *[2]bool
	turns *int
}

func (s locking) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	*s.turns++
	first := *s.turns % 2
	s.lock(ctx, first)
	yield.Point(ctx, "between the locks")
	s.lock(ctx, 1-first)
	defer func() { *s.held = [2]bool{} }()
	return s.Store.Append(ctx, w)
}

func (s locking) lock(ctx context.Context, i int) {
	yield.Wait(ctx, [2]string{"lock A", "lock B"}[i], func() bool { return !s.held[i] })
	s.held[i] = true
}

func TestDeadlockNamesTheParkedTasks(t *testing.T) {
	backend := wrapped("locking", func(store *memory.Store) eventcore.Store { return locking{store, new([2]bool), new(int)} })
	found := false
	for seed := range uint64(50) {
		result := run(t, sim.Config{Seed: seed, Backend: backend, Scenario: scenario(t, "contention"), Faults: noFaults()})
		if result.Verdict == sim.Pass {
			continue
		}
		found = true
		require.Equal(t, sim.NoProgress, result.Verdict)
		require.Equal(t, "deadlock", result.Findings[0].Name)
		require.Regexp(t, `client \d+ at "lock [AB]"; .*client \d+ at "lock [AB]"`, result.Reason)
	}
	require.True(t, found, "no seed made the deadlock")
}

// mutexHeld parks while it holds a real mutex.
type mutexHeld struct {
	*memory.Store
	mu *sync.Mutex
}

func (s mutexHeld) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	yield.Point(ctx, "with the mutex held")
	return s.Store.Append(ctx, w)
}

func TestStepThatBlocksIsReportedNotHungOn(t *testing.T) {
	backend := wrapped("mutex", func(store *memory.Store) eventcore.Store { return mutexHeld{store, new(sync.Mutex)} })
	// Tasks on goroutines: a coroutine blocked on a mutex for ever trips the
	// runtime's own deadlock detector once the test is over.
	result := run(t, sim.Config{
		Seed: 1, Backend: backend, Scenario: scenario(t, "contention"), Faults: noFaults(),
		GoroutineSwitch: true, StallTimeout: 50 * time.Millisecond,
	})
	require.Equal(t, sim.NoProgress, result.Verdict)
	require.Equal(t, "stall", result.Findings[0].Name)
	require.Contains(t, result.Stall, "sim_test.mutexHeld.Append", "the stack shows where")
	require.NotContains(t, result.Stall, "sim.(*task).stop", "parked tasks are left out")
}

func TestVerifyReportsARunThatHangsAsWhatItIs(t *testing.T) {
	backend := wrapped("mutex", func(store *memory.Store) eventcore.Store { return mutexHeld{store, new(sync.Mutex)} })
	result, err := sim.Verify(t.Context(), sim.Config{
		Seed: 1, Backend: backend, Scenario: scenario(t, "contention"), Faults: noFaults(),
		GoroutineSwitch: true, StallTimeout: 50 * time.Millisecond,
	})
	require.NoError(t, err)
	require.Equal(t, sim.NoProgress, result.Verdict)
	require.Equal(t, "stall", result.Findings[0].Name)
}

// panicking panics on its fifth append.
type panicking struct {
	*memory.Store
	appends *int
}

func (s panicking) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	if *s.appends++; *s.appends == 5 {
		panic("index out of range")
	}
	return s.Store.Append(ctx, w)
}

func TestPanicOfTheStoreIsAFinding(t *testing.T) {
	backend := wrapped("panicking", func(store *memory.Store) eventcore.Store { return panicking{store, new(int)} })
	result := run(t, sim.Config{Seed: 1, Backend: backend, Scenario: scenario(t, "contention"), Faults: noFaults()})
	require.Equal(t, sim.Violation, result.Verdict)
	require.Equal(t, "panic", result.Findings[0].Name)
	require.Contains(t, result.Findings[0].Message, "index out of range")
	require.Contains(t, result.Findings[0].Message, "judge_test.go", "the stack shows where")
}

// refusing conflicts on every append once it has seen some.
type refusing struct {
	*memory.Store
	appends *int
}

func (s refusing) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	if *s.appends++; *s.appends > 3 {
		p := w.Participants()[0]
		return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, ActualUnknown: true}
	}
	return s.Store.Append(ctx, w)
}

func TestClientThatNeverFinishesIsNoProgress(t *testing.T) {
	backend := wrapped("refusing", func(store *memory.Store) eventcore.Store { return refusing{store, new(int)} })
	result := run(t, sim.Config{Seed: 1, Backend: backend, Scenario: scenario(t, "contention"), Faults: noFaults(), Steps: 5000})
	require.Equal(t, sim.NoProgress, result.Verdict)
	require.Equal(t, "no progress", result.Findings[0].Name)
	require.Contains(t, result.Reason, "no operation ended in 1000 steps of the liveness phase")
	require.Contains(t, result.Reason, "client ")
	require.Less(t, result.Steps, 5000)
}

func TestAskingForWhatNeverComesIsSeenLongBeforeTheStepsAreUsedUp(t *testing.T) {
	bug, err := mutant.Lookup("lease-for-ever")
	require.NoError(t, err)
	found := 0
	for seed := range uint64(20) {
		result := run(t, sim.Config{Seed: seed, Backend: memoryBackend(), Scenario: scenario(t, "leadership"), Mutant: &bug})
		for _, f := range result.Findings {
			if f.Name == "no progress" {
				found++
				require.Contains(t, f.Message, "no operation ended and the store did not change while it was called ")
				require.Less(t, result.Steps, 5000)
			}
		}
	}
	require.Positive(t, found, "no seed has a client that waits for ever")
}

func TestAnOperationMayCallTheStoreAsOftenAsItLikesWhileTheStoreChanges(t *testing.T) {
	const events = 600
	stream := eventcore.MustStreamID("item/1")
	result := run(t, sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "projection"), Faults: noFaults(), Replay: &sim.Replay{Program: scenarios.Program{
		Setup:   []scenarios.Op{{Do: "make", Streams: []eventcore.StreamID{stream}, Count: events}},
		Clients: [][]scenarios.Op{{{Do: "project", Limit: 1, Projection: &scenarios.Projecting{Subscription: "everything"}}}},
	}}})
	require.Equal(t, sim.Pass, result.Verdict, result.Reason)
	require.Greater(t, result.Coverage.Calls, events, "each event is read, and its checkpoint saved, which is not counted here")
}

// TestAllClientsMayReadAllStreamsBeforeAnyOfThemWrites, as they do in transfers of many accounts.
func TestAllClientsMayReadAllStreamsBeforeAnyOfThemWrites(t *testing.T) {
	for _, name := range []string{"transfers", "snapshots"} {
		s := scenario(t, name)
		s.Params.Streams, s.Params.Clients = 100, 6
		for seed := range uint64(6) {
			result := run(t, sim.Config{Seed: seed, Backend: memoryBackend(), Scenario: s})
			require.Equal(t, sim.Pass, result.Verdict, "%s, seed %d: %v", name, seed, result.Findings)
		}
	}
}

// TestStepsMakeRoomForAnOperationThatReadsALot: who runs an operation of their own knows how often
// it reads.
func TestStepsMakeRoomForAnOperationThatReadsALot(t *testing.T) {
	s := scenario(t, "mixed")
	s.Run = func(ctx context.Context, c *scenarios.Client, op scenarios.Op) scenarios.Result {
		for range 600 {
			for range c.Store.ReadStream(ctx, op.Streams[0], 0) {
				break
			}
		}
		return scenarios.Result{}
	}
	cfg := sim.Config{Backend: memoryBackend(), Scenario: s, Faults: noFaults(), Replay: &sim.Replay{Program: scenarios.Program{
		Setup:   []scenarios.Op{{Do: "read", Streams: []eventcore.StreamID{eventcore.MustStreamID("item/1")}}},
		Clients: [][]scenarios.Op{{}},
	}}}
	require.Equal(t, sim.NoProgress, run(t, cfg).Verdict)
	cfg.Steps = 200_000
	result := run(t, cfg)
	require.Equal(t, sim.Pass, result.Verdict, result.Reason)
}

// TestTheFinalReadCallsTheStoreOnceForEachStream: nothing changes meanwhile, however many there are.
func TestTheFinalReadCallsTheStoreOnceForEachStream(t *testing.T) {
	const streams = 450
	p := scenarios.Program{Clients: [][]scenarios.Op{{}}}
	for i := range streams {
		p.Setup = append(p.Setup, scenarios.Op{Do: "make", Streams: []eventcore.StreamID{eventcore.MustStreamID(fmt.Sprint("item/", i))}, Count: 1})
	}
	result := run(t, sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "projection"), Faults: noFaults(), Replay: &sim.Replay{Program: p}})
	require.Equal(t, sim.Pass, result.Verdict, "%s %v", result.Reason, result.Findings)
}

// writing is a program whose set-up writes so many events, an operation each.
func writing(events int) *sim.Replay {
	p := scenarios.Program{Clients: [][]scenarios.Op{{}}}
	for range events {
		p.Setup = append(p.Setup, scenarios.Op{Do: "blind", Streams: []eventcore.StreamID{eventcore.MustStreamID("s/1")}, Count: 1})
	}
	return &sim.Replay{Program: p}
}

func TestPhaseThatIsLongerThanAskedIsNoProgress(t *testing.T) {
	cfg := sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "mixed"), Faults: noFaults(), Steps: 1000, Replay: writing(1000)}
	result := run(t, cfg)
	require.Equal(t, sim.NoProgress, result.Verdict)
	require.Contains(t, result.Reason, "the set-up did not end in 1000 steps")
	require.Equal(t, 1000, result.Steps)
}

func TestLongProgramsMayTakeMoreSteps(t *testing.T) {
	cfg := sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "mixed"), Faults: noFaults(), Replay: writing(40_000)}
	result := run(t, cfg)
	require.Equal(t, sim.Pass, result.Verdict, result.Reason)
	require.Greater(t, result.Steps, 100_000)
}

// broken fails every call once it has seen some, although no fault is active.
type broken struct {
	*memory.Store
	appends *int
}

func (s broken) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	if *s.appends++; *s.appends > 3 {
		return eventcore.Appended{}, &eventcore.StoreFailure{
			Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: errors.New("out of order"),
		}
	}
	return s.Store.Append(ctx, w)
}

func TestFailureWithoutFaultsIsNoProgress(t *testing.T) {
	backend := wrapped("broken", func(store *memory.Store) eventcore.Store { return broken{store, new(int)} })
	result := run(t, sim.Config{Seed: 1, Backend: backend, Scenario: scenario(t, "contention"), Faults: noFaults()})
	require.Equal(t, sim.NoProgress, result.Verdict)
	require.Equal(t, "failure without faults", result.Findings[0].Name)
	require.Contains(t, result.Reason, "out of order")
}

func TestWherePorcupineRunsOutOfTimeTheRunSaysSo(t *testing.T) {
	result := run(t, sim.Config{Seed: 1, Backend: memoryBackend(), Scenario: scenario(t, "mixed"), CheckTimeout: 1})
	require.Equal(t, sim.Pass, result.Verdict, result.Reason)
	require.Equal(t, 1, result.Coverage.Unconfirmed)
	result = run(t, sim.Config{Seed: 1, Backend: memoryBackend(), Scenario: scenario(t, "mixed"), CheckTimeout: time.Minute})
	require.Equal(t, sim.Pass, result.Verdict, result.Reason)
	require.Zero(t, result.Coverage.Unconfirmed)
}

// The checkers disagree in package linearizability too, where a bug is planted in one.
func TestCheckersThatDisagreeAreABugOfTheHarness(t *testing.T) {
	cfg := sim.Config{Seed: 1, Backend: memoryBackend(), Scenario: scenario(t, "mixed")}
	cfg.Check = func(ctx context.Context, h linearizability.History, opts linearizability.Options) linearizability.Report {
		report := linearizability.Check(ctx, h, opts)
		report.Verdict, report.Reason = linearizability.Disagreement, "the fast checker says ok, porcupine violation"
		return report
	}
	result := run(t, cfg)
	require.Equal(t, sim.CheckersDisagree, result.Verdict)
	require.True(t, result.Failed())
	require.Equal(t, "checkers disagree", result.Findings[0].Name)
	require.Contains(t, result.Reason, "a bug of the harness, not of the store: the fast checker says ok")
}

func TestStoreThatCannotBeOpenedIsBroken(t *testing.T) {
	backend := sim.Backend{Name: "shut", Open: func(context.Context, sim.Env) (eventcore.Store, error) {
		return nil, errors.New("no such host")
	}}
	result := run(t, sim.Config{Seed: 1, Backend: backend, Scenario: scenario(t, "mixed")})
	require.Equal(t, sim.Broken, result.Verdict)
	require.Equal(t, "open backend shut: no such host", result.Reason)
}

func TestExplicitFaultThatNeverFiresIsVacuous(t *testing.T) {
	plan, err := chaos.ParsePlan("fail-before@c0.9999")
	require.NoError(t, err)
	result := run(t, sim.Config{Seed: 1, Backend: memoryBackend(), Scenario: scenario(t, "contention"), Faults: &plan})
	require.Equal(t, sim.Vacuous, result.Verdict)
	require.Contains(t, result.Reason, "fail-before@c0.9999")
}

func TestCancelledContextEndsTheRunWithAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sim.Run(ctx, sim.Config{Seed: 1, Backend: memoryBackend(), Scenario: scenario(t, "mixed")})
	require.ErrorIs(t, err, context.Canceled)
}

func TestConfigErrorsNameTheFieldAndTheFix(t *testing.T) {
	good := sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "mixed")}
	for name, test := range map[string]struct {
		change func(*sim.Config)
		want   string
	}{
		"no open":     {func(c *sim.Config) { c.Backend.Open = nil }, "sim: Backend.Open is nil; set it to"},
		"no name":     {func(c *sim.Config) { c.Backend.Name = "" }, "sim: Backend.Name is empty"},
		"no scenario": {func(c *sim.Config) { c.Scenario = scenarios.Scenario{} }, "sim: Scenario is empty; get one from scenarios.Lookup"},
		"steps":       {func(c *sim.Config) { c.Steps = -1 }, "sim: Steps is -1; set Steps ≥ 1"},
		"scheduler":   {func(c *sim.Config) { c.Scheduler = "fair" }, `sim: Scheduler: unknown scheduler "fair"; known: random, round-robin`},
		"program": {func(c *sim.Config) {
			c.Replay = only([]scenarios.Op{{Do: "dance"}})
		}, `sim: Replay.Program: `},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			test.change(&cfg)
			_, err := sim.Run(t.Context(), cfg)
			require.ErrorContains(t, err, test.want)
		})
	}
}
