package sim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// forgetful answers that a checkpoint is where it was just put, though it never was kept.
type forgetful struct{ *memory.Store }

func (forgetful) SaveCheckpoint(_ context.Context, _ eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	return at, nil
}

// losing has leases that are lost as soon as they are held.
type losing struct{ *memory.Store }

func (l losing) TryAcquire(ctx context.Context, id eventcore.SubscriptionID) (eventcore.Lease, error) {
	lease, err := l.Store.TryAcquire(ctx, id)
	if err != nil {
		return nil, err
	}
	return lostLease{lease}, nil
}

type lostLease struct{ eventcore.Lease }

func (lostLease) Check(context.Context) error {
	return &eventcore.StoreFailure{Operation: eventcore.OpCheckLease, Err: eventcore.ErrLeaseLost}
}

var (
	vainly = eventcore.MustSubscriptionID("in vain")
	vain   = eventcore.MustStreamID("item/1")
)

// doing runs a program of one operation in which do is called for ever, or so often.
func doing(t *testing.T, b sim.Backend, times int, do func(ctx context.Context, c *scenarios.Client, i int) error) *sim.Result {
	t.Helper()
	s := scenario(t, "mixed")
	s.Run = func(ctx context.Context, c *scenarios.Client, _ scenarios.Op) (r scenarios.Result) {
		for i := 0; i != times && r.Err == nil; i++ {
			r.Err = do(ctx, c, i)
		}
		return r
	}
	return run(t, sim.Config{Backend: b, Scenario: s, Faults: noFaults(), Replay: &sim.Replay{Program: scenarios.Program{
		Setup:   []scenarios.Op{{Do: "read", Streams: []eventcore.StreamID{vain}}},
		Clients: [][]scenarios.Op{{}},
	}}})
}

// save saves a position of the store of a client.
func save(ctx context.Context, c *scenarios.Client, at int) error {
	_, err := c.State.Checkpoints.SaveCheckpoint(ctx, vainly, eventcore.NewPosition(0, uint64(at)))
	return err
}

// snapshot saves a snapshot of so many streams at a version.
func snapshot(ctx context.Context, c *scenarios.Client, version, streams int) error {
	s := eventcore.Snapshot{State: json.RawMessage("{}")}
	for i := range streams {
		id := eventcore.MustStreamID(fmt.Sprint("item/", i))
		s.Streams = append(s.Streams, eventcore.StreamVersion{Stream: id, Version: eventcore.Version(version)})
	}
	_, err := c.State.Snapshots.SaveSnapshot(ctx, eventcore.SnapshotKey{Name: "in vain"}, s)
	return err
}

// lead acquires a lease and gives it up again.
func lead(ctx context.Context, c *scenarios.Client) error {
	lease, err := c.State.Coordinator.TryAcquire(ctx, vainly)
	if err != nil {
		return err
	}
	return lease.Release(ctx)
}

func TestASaveThatLeavesAllWhereItWasIsNoChange(t *testing.T) {
	forgets := wrapped("forgetful", func(store *memory.Store) eventcore.Store { return forgetful{store} })
	for name, vain := range map[string]struct {
		backend sim.Backend
		do      func(ctx context.Context, c *scenarios.Client, i int) error
	}{
		"the same position":         {memoryBackend(), func(ctx context.Context, c *scenarios.Client, _ int) error { return save(ctx, c, 7) }},
		"an older position":         {memoryBackend(), func(ctx context.Context, c *scenarios.Client, i int) error { return save(ctx, c, max(1, 9-i)) }},
		"to and fro":                {forgets, func(ctx context.Context, c *scenarios.Client, i int) error { return save(ctx, c, 1+i%9) }},
		"the same snapshot":         {memoryBackend(), func(ctx context.Context, c *scenarios.Client, _ int) error { return snapshot(ctx, c, 7, 2) }},
		"leading for nothing":       {memoryBackend(), func(ctx context.Context, c *scenarios.Client, _ int) error { return lead(ctx, c) }},
		"nothing but a global read": {memoryBackend(), readAll},
	} {
		t.Run(name, func(t *testing.T) {
			result := doing(t, vain.backend, -1, vain.do)
			require.Equal(t, sim.NoProgress, result.Verdict)
			require.Contains(t, result.Reason, "no operation ended and the store did not change while it was called 400 times in the set-up")
		})
	}
}

func readAll(ctx context.Context, c *scenarios.Client, _ int) error {
	all, is := c.Store.(eventcore.AllReader)
	if !is {
		return fmt.Errorf("%T has no global order", c.Store)
	}
	for _, err := range all.ReadAll(ctx, eventcore.Filter{}, eventcore.Position{}, 1) {
		return err
	}
	return nil
}

// TestASaveThatMovesSomethingIsAChange, however often it does.
func TestASaveThatMovesSomethingIsAChange(t *testing.T) {
	for name, do := range map[string]func(ctx context.Context, c *scenarios.Client, i int) error{
		"a checkpoint":           func(ctx context.Context, c *scenarios.Client, i int) error { return save(ctx, c, i+1) },
		"versions of a snapshot": func(ctx context.Context, c *scenarios.Client, i int) error { return snapshot(ctx, c, i+1, 1) },
		"streams of a snapshot":  func(ctx context.Context, c *scenarios.Client, i int) error { return snapshot(ctx, c, 1, i+1) },
		"each in between": func(ctx context.Context, c *scenarios.Client, i int) error {
			if i%100 == 0 {
				return save(ctx, c, i+1)
			}
			return lead(ctx, c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			result := doing(t, memoryBackend(), 450, do)
			require.Equal(t, sim.Pass, result.Verdict, result.Reason)
		})
	}
}

// TestLeasesThatAreLostForEverAreSeenLongBeforeTheStepsAreUsedUp: the projection acquires each anew.
func TestLeasesThatAreLostForEverAreSeenLongBeforeTheStepsAreUsedUp(t *testing.T) {
	b := wrapped("losing", func(store *memory.Store) eventcore.Store { return losing{store} })
	lead := scenarios.Op{Do: "project", Limit: 1, Projection: &scenarios.Projecting{Subscription: "everything", Lead: true}}
	result := run(t, sim.Config{Backend: b, Scenario: scenario(t, "leadership"), Faults: noFaults(), Replay: &sim.Replay{Program: scenarios.Program{
		Setup:   []scenarios.Op{{Do: "make", Streams: []eventcore.StreamID{vain}, Count: 3}},
		Clients: [][]scenarios.Op{{}, {}},
		Probes:  [][]scenarios.Op{{lead}, {lead}},
	}}})
	found := slices.IndexFunc(result.Findings, func(f sim.Finding) bool { return f.Name == "no progress" })
	require.GreaterOrEqual(t, found, 0, "%v", result.Findings)
	require.Contains(t, result.Findings[found].Message, "no operation ended and the store did not change while it was called 400 times in the liveness phase")
}
