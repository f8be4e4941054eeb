package scenarios_test

import (
	"context"
	"errors"
	"iter"
	"math"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// tickClock moves a millisecond each time it is asked; sleeping only lets others run.
type tickClock struct{ ticks atomic.Int64 }

func (c *tickClock) Now() time.Time { return time.UnixMilli(1_600_000_000_000 + c.ticks.Add(1)).UTC() }

func (c *tickClock) Sleep(ctx context.Context, _ time.Duration) error {
	runtime.Gosched()
	return ctx.Err()
}

// world runs programs of one scenario on one store.
type world struct {
	scenario scenarios.Scenario
	seed     uint64
	clock    eventcore.Clock
	log      *memory.Store
	// below is what clients use in the safety phase, the log itself in the others.
	below func(client int, log eventcore.Store) eventcore.Store
	// retries is the number of retries in the safety phase.
	retries int
	ticks   atomic.Int64
}

func newWorld(t testing.TB, name string, seed uint64) *world {
	t.Helper()
	s, err := scenarios.Lookup(name)
	require.NoError(t, err)
	clock := &tickClock{}
	return &world{
		scenario: s, seed: seed, clock: clock, log: memory.New(memory.Config{Clock: clock}), retries: 8,
		below: func(_ int, log eventcore.Store) eventcore.Store { return log },
	}
}

func (w *world) program() scenarios.Program {
	return w.scenario.Generate(prng.New(w.seed, "program"), w.scenario.Params, nil)
}

func (w *world) client(id int, phase scenarios.Phase) *scenarios.Client {
	n, p := uint64(id), uint64(phase)
	c := &scenarios.Client{
		ID: id, Store: w.log, Clock: w.clock, Random: prng.New(w.seed, "client", n, p),
		IDs:   eventcore.NewIDGenerator(w.clock, prng.New(w.seed, "ids", n, p)),
		Retry: eventcore.Fixed(time.Millisecond, eventcore.Unlimited),
		State: scenarios.StateOf(w.log), Patient: phase != scenarios.PhaseSafety,
		Tick: func() int64 { return w.ticks.Add(1) },
	}
	if phase == scenarios.PhaseSafety {
		c.Store = w.below(id, w.log)
		c.Retry = eventcore.Fixed(time.Millisecond, w.retries)
	}
	return c
}

// perform runs ops of one client and phase.
func (w *world) perform(ctx context.Context, id int, phase scenarios.Phase, ops []scenarios.Op) []scenarios.Result {
	c := w.client(id, phase)
	results := make([]scenarios.Result, len(ops))
	for i, op := range ops {
		results[i] = w.scenario.Run(ctx, c, op)
		results[i].Client, results[i].Index, results[i].Phase = id, i, phase
	}
	return results
}

// sequential runs a program, clients taking turns, and returns what is left.
func (w *world) sequential(t testing.TB, p scenarios.Program) *scenarios.Final {
	t.Helper()
	ctx := t.Context()
	results := w.perform(ctx, 0, scenarios.PhaseSetup, p.Setup)
	var clients []*scenarios.Client
	for id := range p.Clients {
		clients = append(clients, w.client(id, scenarios.PhaseSafety))
	}
	for i, more := 0, true; more; i++ {
		more = false
		for id, ops := range p.Clients {
			if i < len(ops) {
				more = true
				r := w.scenario.Run(ctx, clients[id], ops[i])
				r.Client, r.Index, r.Phase = id, i, scenarios.PhaseSafety
				results = append(results, r)
			}
		}
	}
	for id, ops := range p.Probes {
		results = append(results, w.perform(ctx, id, scenarios.PhaseProbe, ops)...)
	}
	return w.final(t, results)
}

// final reads the log.
func (w *world) final(t testing.TB, results []scenarios.Result) *scenarios.Final {
	t.Helper()
	f := &scenarios.Final{
		Results: results, Streams: map[eventcore.StreamID][]eventcore.Recorded{}, Global: []eventcore.Recorded{},
	}
	for e, err := range w.log.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, math.MaxInt) {
		require.NoError(t, err)
		f.Global = append(f.Global, e)
	}
	for _, e := range f.Global {
		if _, read := f.Streams[e.Stream]; read {
			continue
		}
		for e, err := range w.log.ReadStream(t.Context(), e.Stream, 0) {
			require.NoError(t, err)
			f.Streams[e.Stream] = append(f.Streams[e.Stream], e)
		}
	}
	return f
}

// requireInvariants fails t at the first invariant that does not hold.
func requireInvariants(t testing.TB, s *scenarios.Scenario, f *scenarios.Final) {
	t.Helper()
	for _, invariant := range s.Invariants {
		require.NoErrorf(t, invariant.Check(f), "%s: %s", invariant.Name, invariant.Doc)
	}
}

// requireProbesSucceeded also covers the set-up.
func requireProbesSucceeded(t testing.TB, f *scenarios.Final) {
	t.Helper()
	for _, r := range f.Results {
		if r.Phase != scenarios.PhaseSafety {
			require.NoErrorf(t, r.Err, "%s %s", r.Phase, r.Op)
		}
	}
}

// faultyStore fails in every way that the contract allows.
type faultyStore struct {
	*memory.Store
	random *rand.Rand
}

var errInjected = errors.New("injected")

func (s *faultyStore) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	failure := &eventcore.StoreFailure{Operation: eventcore.OpAppend, Err: errInjected}
	switch s.random.IntN(12) {
	case 0:
		_, _ = s.Store.Append(ctx, writes)
		return eventcore.Appended{}, failure
	case 1:
		return eventcore.Appended{}, failure
	case 2:
		failure.Outcome = eventcore.OutcomeNotApplied
		return eventcore.Appended{}, failure
	case 3:
		p := writes.Participants()[0]
		return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, ActualUnknown: true}
	case 4:
		return eventcore.Appended{}, context.Canceled
	default:
		return s.Store.Append(ctx, writes)
	}
}

func (s *faultyStore) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return s.damage(s.Store.ReadStream(ctx, id, after))
}

func (s *faultyStore) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return s.damage(s.Store.ReadAll(ctx, filter, after, limit))
}

// damage makes a read fail, or an event unreadable, after some events.
func (s *faultyStore) damage(events iter.Seq2[eventcore.Recorded, error]) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		n, fail := s.random.IntN(80), s.random.IntN(2) == 0
		for e, err := range events {
			if n--; n == 0 && fail {
				yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: eventcore.OpReadStream, Err: errInjected})
				return
			}
			if n == 0 {
				e.Data = []byte(`{"n":`)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// brokenReads cannot be read.
type brokenReads struct{ eventcore.Store }

func (s *brokenReads) ReadStream(context.Context, eventcore.StreamID, eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: eventcore.OpReadStream, Err: errInjected})
	}
}

// streamsOnly hides all a store has besides streams.
type streamsOnly struct{ eventcore.Store }

// countingStore counts calls.
type countingStore struct {
	*memory.Store
	calls *int
}

func (s *countingStore) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	*s.calls++
	return s.Store.Append(ctx, writes)
}

func (s *countingStore) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	*s.calls++
	return s.Store.ReadStream(ctx, id, after)
}

func (s *countingStore) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	*s.calls++
	return s.Store.ReadAll(ctx, filter, after, limit)
}

// cursorStore keeps the positions behind which the global order is read. Those of
// the memory store count from 1.
type cursorStore struct {
	eventcore.Store
	from *[]eventcore.Position
}

func (s *cursorStore) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	*s.from = append(*s.from, after)
	return s.Store.(*memory.Store).ReadAll(ctx, filter, after, limit)
}
