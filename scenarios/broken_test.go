package scenarios_test

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// brokenStore lets another client act in the middle of an operation, and then may
// not check what it should.
type brokenStore struct {
	*memory.Store
	// unchecked says which participants are not checked; nil: all are.
	unchecked func(p eventcore.Participant) bool
	// torn drops all events of a batch but the first.
	torn bool
	// meanwhile is called once, before the append or, where reads is not 0, before
	// that read.
	meanwhile func()
	reads     int
}

func (s *brokenStore) interrupt() {
	if act := s.meanwhile; act != nil {
		s.meanwhile = nil
		act()
	}
}

func (s *brokenStore) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		if s.reads--; s.reads == 0 {
			s.interrupt()
		}
		s.Store.ReadStream(ctx, id, after)(yield)
	}
}

func (s *brokenStore) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	s.interrupt()
	var again eventcore.Writes
	for _, p := range writes.Participants() {
		if s.unchecked != nil && s.unchecked(p) {
			p.Expected = 0
			for e := range s.Store.ReadStream(ctx, p.Stream, 0) {
				p.Expected = e.Version
			}
		}
		if err := again.Expect(p.Stream, p.Expected); err != nil {
			return eventcore.Appended{}, err
		}
	}
	for i, w := range writes.Events() {
		if i > 0 && s.torn {
			break
		}
		if err := again.Append(writes.Participants()[w.Participant].Stream, w.Event); err != nil {
			return eventcore.Appended{}, err
		}
	}
	return s.Store.Append(ctx, again)
}

func readOnly(p eventcore.Participant) bool { return p.Events == 0 }

func written(p eventcore.Participant) bool { return p.Events > 0 }

// brokenRun is one operation under way, others that come between, and what the
// broken store makes of it.
type brokenRun struct {
	name, scenario       string
	setup, op, meanwhile string
	store                brokenStore
	// caught are invariants that must fail; the same run on a correct store keeps
	// them all.
	caught []string
}

func brokenRuns() []brokenRun {
	return []brokenRun{
		{
			name: "unchecked read-only participant", scenario: "write-skew",
			setup:     `[{"do":"return","streams":["a"]},{"do":"return","streams":["b"]}]`,
			op:        `{"do":"leave","streams":["a"],"reads":["b"]}`,
			meanwhile: `[{"do":"leave","streams":["b"],"reads":["a"]}]`,
			store:     brokenStore{unchecked: readOnly},
			caught:    []string{"somebody on call", "no skew"},
		},
		{
			name: "fractured survey", scenario: "write-skew",
			setup:     `[{"do":"return","streams":["a"]},{"do":"return","streams":["b"]},{"do":"leave","streams":["b"],"reads":["a"]}]`,
			op:        `{"do":"survey","reads":["b","a"]}`,
			meanwhile: `[{"do":"return","streams":["b"]},{"do":"leave","streams":["a"],"reads":["b"]}]`,
			store:     brokenStore{unchecked: readOnly, reads: 2},
			caught:    []string{"observed"},
		},
		{
			name: "lost update", scenario: "contention",
			op: `{"do":"increment","streams":["c"]}`, meanwhile: `[{"do":"burst","streams":["c"],"count":2}]`,
			store: brokenStore{unchecked: written}, caught: []string{"counter", "acknowledged"},
		},
		{
			name: "torn batch", scenario: "transfers",
			setup: `[{"do":"deposit","streams":["a"],"amount":9}]`,
			op:    `{"do":"transfer","streams":["a","b"],"amount":5}`, meanwhile: `[{"do":"statement","streams":["a"]}]`,
			store: brokenStore{torn: true}, caught: []string{"whole transfers", "conserved", "acknowledged"},
		},
		{
			name: "fractured audit", scenario: "transfers",
			setup: `[{"do":"deposit","streams":["a"],"amount":9}]`,
			op:    `{"do":"audit","reads":["a","b"]}`, meanwhile: `[{"do":"transfer","streams":["a","b"],"amount":5}]`,
			store: brokenStore{unchecked: readOnly, reads: 2}, caught: []string{"observed"},
		},
		{
			name: "double spending", scenario: "transfers",
			setup: `[{"do":"deposit","streams":["a"],"amount":9}]`,
			op:    `{"do":"transfer","streams":["a","b"],"amount":5}`, meanwhile: `[{"do":"transfer","streams":["a","b"],"amount":6}]`,
			store: brokenStore{unchecked: written}, caught: []string{"no overdraft"},
		},
		{
			name: "discovered stream unchecked", scenario: "orders",
			setup: `[{"do":"restock","streams":["i"],"amount":3},{"do":"place","streams":["o1","i"],"amount":2},{"do":"place","streams":["o2","i"],"amount":2}]`,
			op:    `{"do":"fulfil","streams":["o1"]}`, meanwhile: `[{"do":"fulfil","streams":["o2"]}]`,
			store:  brokenStore{unchecked: func(p eventcore.Participant) bool { return strings.HasPrefix(p.Stream.String(), "i") }},
			caught: []string{"stock"},
		},
		{
			name: "fulfilled twice", scenario: "orders",
			setup: `[{"do":"restock","streams":["i"],"amount":9},{"do":"place","streams":["o1","i"],"amount":2}]`,
			op:    `{"do":"fulfil","streams":["o1"]}`, meanwhile: `[{"do":"fulfil","streams":["o1"]}]`,
			store: brokenStore{unchecked: written}, caught: []string{"order lifecycle", "reserved"},
		},
		{
			name: "fractured inspection", scenario: "orders",
			setup: `[{"do":"restock","streams":["i"],"amount":9},{"do":"place","streams":["o1","i"],"amount":2}]`,
			op:    `{"do":"inspect","streams":["o1"]}`, meanwhile: `[{"do":"fulfil","streams":["o1"]}]`,
			store: brokenStore{unchecked: readOnly, reads: 2}, caught: []string{"observed"},
		},
	}
}

func TestBrokenStoresAreCaughtAndCorrectOnesAreNot(t *testing.T) {
	for _, run := range brokenRuns() {
		t.Run(run.name, func(t *testing.T) {
			w, f := run.perform(t, run.store)
			for _, name := range run.caught {
				require.Errorf(t, checkNamed(t, w, name, f), "%s does not see it", name)
			}
			correct := brokenStore{reads: run.store.reads}
			w, f = run.perform(t, correct)
			requireInvariants(t, &w.scenario, f)
		})
	}
}

// checkNamed runs one invariant of the world's scenario.
func checkNamed(t *testing.T, w *world, name string, f *scenarios.Final) error {
	t.Helper()
	for _, invariant := range w.scenario.Invariants {
		if invariant.Name == name {
			return invariant.Check(f)
		}
	}
	require.FailNow(t, "no invariant "+name)
	return nil
}

func (run *brokenRun) perform(t *testing.T, store brokenStore) (*world, *scenarios.Final) {
	t.Helper()
	w := newWorld(t, run.scenario, 1)
	var setup, meanwhile []scenarios.Op
	var op scenarios.Op
	if run.setup != "" {
		require.NoError(t, json.Unmarshal([]byte(run.setup), &setup))
	}
	require.NoError(t, json.Unmarshal([]byte(run.op), &op))
	require.NoError(t, json.Unmarshal([]byte(run.meanwhile), &meanwhile))
	require.NoError(t, w.scenario.Validate(scenarios.Program{Setup: setup, Clients: [][]scenarios.Op{{op}, meanwhile}}))

	results := w.perform(t.Context(), 0, scenarios.PhaseSetup, setup)
	interrupted := false
	store.Store = w.log
	store.meanwhile = func() {
		interrupted = true
		results = append(results, w.perform(t.Context(), 1, scenarios.PhaseSafety, meanwhile)...)
	}
	w.below = func(client int, log eventcore.Store) eventcore.Store {
		if client == 0 {
			return &store
		}
		return log
	}
	results = append(results, w.perform(t.Context(), 0, scenarios.PhaseSafety, []scenarios.Op{op})...)
	require.True(t, interrupted)
	return w, w.final(t, results)
}
