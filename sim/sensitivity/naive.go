package sensitivity

import (
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// Naive is what one would write without a simulator: the same programs, a goroutine a
// client, a random sleep around each call, porcupine over the history. It is given the
// scenarios' invariants too; faults it has none. In a bubble of testing/synctest its sleeps
// take no time.
type Naive struct {
	Backend sim.Backend
	// Mutant is the bug in the store, nil for none.
	Mutant *mutant.Mutant
	// Seed decides programs and lengths of sleeps, but not what comes of them.
	Seed uint64
}

// longestSleep is about what lets calls of other clients in between.
const longestSleep = 100 * time.Microsecond

// Finds runs the scenarios one after the other until one shows a bug. When ctx ends, it
// has found none.
func (n *Naive) Finds(ctx context.Context, can []scenarios.Scenario) (bool, error) {
	for i := range can {
		found, err := n.run(ctx, &can[i])
		if found || err != nil || ctx.Err() != nil {
			return found, err
		}
	}
	return false, nil
}

func (n *Naive) run(ctx context.Context, scenario *scenarios.Scenario) (found bool, err error) {
	store, err := n.Backend.Open(ctx, sim.RealEnv())
	if err != nil {
		return false, err
	}
	if closer, ok := store.(io.Closer); ok {
		defer func() { err = errors.Join(err, closer.Close()) }()
	}
	bare, state := store, scenarios.StateOf(store)
	if n.plantedIn(mutant.Backend) {
		store = n.Mutant.Wrap(store)
		state.Checkpoints, state.Coordinator, state.Snapshots = n.Mutant.WrapState(state.Checkpoints, state.Coordinator, state.Snapshots)
	}
	program := scenario.Generate(prng.New(n.Seed, "program"), scenarios.Params{}, nil)
	recorder := linearizability.NewRecorder(len(program.Clients) + 1)
	t := &threads{Naive: n, scenario: scenario, store: store, state: state, recorder: recorder}
	t.perform(ctx, len(program.Clients), scenarios.PhaseSetup, program.Setup)
	var clients sync.WaitGroup
	for id, ops := range program.Clients {
		clients.Go(func() { t.perform(ctx, id, scenarios.PhaseSafety, ops) })
	}
	clients.Wait()
	if ctx.Err() != nil {
		return false, nil // what was cut short shows nothing
	}
	final := store
	if !n.plantedIn(mutant.Backend) {
		final = bare
	}
	if err := recorder.Final(ctx, final); err != nil {
		return true, nil // that the store cannot be read is what was looked for
	}
	return t.wrong(ctx), nil
}

// plantedIn says whether the bug sits on a layer.
func (n *Naive) plantedIn(layer mutant.Layer) bool { return n.Mutant != nil && n.Mutant.Layer == layer }

// threads are the clients of a run.
type threads struct {
	*Naive
	scenario *scenarios.Scenario
	store    eventcore.Store
	state    scenarios.State
	recorder *linearizability.Recorder

	mu      sync.Mutex
	ticks   int64
	results []scenarios.Result
	broken  bool // a client saw a rule broken
}

func (t *threads) tick() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ticks++
	return t.ticks
}

func (t *threads) perform(ctx context.Context, id int, phase scenarios.Phase, ops []scenarios.Op) {
	store, bug := t.store, scenarios.Bug{}
	if t.plantedIn(mutant.Client) {
		store, bug = t.Mutant.Wrap(store), scenarios.Bug{Apply: t.Mutant.Apply, Notice: t.Mutant.Notice}
	}
	store = withSleeps(store, prng.New(t.Seed, "sleeps", uint64(id)))
	clock := eventcore.SystemClock{}
	client := &scenarios.Client{
		ID: id, Store: t.recorder.Wrap(id, store), State: t.state, Clock: clock, Tick: t.tick, Bug: bug,
		Retry:  eventcore.Exponential(50*time.Microsecond, 5*time.Millisecond, 8),
		Random: prng.New(t.Seed, "client", uint64(id)),
		IDs:    eventcore.NewIDGenerator(clock, prng.New(t.Seed, "ids", uint64(id))),
	}
	for i, op := range ops {
		result := t.scenario.Run(ctx, client, op)
		result.Client, result.Index, result.Phase, result.Op = id, i, phase, op
		t.mu.Lock()
		if _, is := errors.AsType[*scenarios.Violation](result.Err); is {
			t.broken = true
		}
		t.results = append(t.results, result)
		t.mu.Unlock()
	}
}

// wrong says whether porcupine or an invariant finds fault with the run.
func (t *threads) wrong(ctx context.Context) bool {
	history := t.recorder.History()
	if t.broken || linearizability.Check(ctx, history, linearizability.Options{}).Porcupine == linearizability.Violation {
		return true
	}
	final := &scenarios.Final{Results: t.results, Streams: history.Final.Streams, Global: history.Final.Global}
	for _, invariant := range t.scenario.Invariants {
		if invariant.Check(final) != nil {
			return true
		}
	}
	return false
}

// sleeping sleeps around each call and between events.
type sleeping struct {
	inner  eventcore.Store
	random *rand.Rand
}

type sleepingAll struct {
	*sleeping
	all eventcore.AllReader
}

func withSleeps(store eventcore.Store, random *rand.Rand) eventcore.Store {
	s := &sleeping{store, random}
	if all, ok := store.(eventcore.AllReader); ok {
		return &sleepingAll{s, all}
	}
	return s
}

func (s *sleeping) sleep() {
	time.Sleep(time.Duration(s.random.Int64N(int64(longestSleep)))) //nolint:forbidigo // real time is what is compared with
}

// Append implements [eventcore.Store].
func (s *sleeping) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	s.sleep()
	defer s.sleep()
	return s.inner.Append(ctx, writes)
}

// ReadStream implements [eventcore.Store].
func (s *sleeping) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return s.slowly(s.inner.ReadStream(ctx, id, after))
}

// ReadAll implements [eventcore.AllReader].
func (s *sleepingAll) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return s.slowly(s.all.ReadAll(ctx, filter, after, limit))
}

func (s *sleeping) slowly(events iter.Seq2[eventcore.Recorded, error]) iter.Seq2[eventcore.Recorded, error] {
	return func(consume func(eventcore.Recorded, error) bool) {
		s.sleep()
		for event, err := range events {
			if !consume(event, err) {
				return
			}
		}
		s.sleep()
	}
}
