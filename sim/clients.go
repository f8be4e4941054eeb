package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// retryDelay is where the back-off of a client's commands begins, in virtual time:
// some tens of steps, so that who backs off meets other states of the store.
const (
	retryDelay    = 50 * time.Microsecond
	retryMaxDelay = 5 * time.Millisecond
	retries       = 8
)

// spawnClients adds a task for each client. They wait for the set-up to end. The
// clients come first so that their task IDs are their indices in the program.
func (r *run) spawnClients(ctx context.Context) {
	for id, ops := range r.result.Program.Clients {
		var probes []scenarios.Op
		if id < len(r.result.Program.Probes) {
			probes = r.result.Program.Probes[id]
		}
		t := r.world.spawn(ctx, fmt.Sprintf("client %d", id), func(ctx context.Context, t *task) {
			r.runClient(ctx, t, ops, probes)
		})
		t.state, t.ready = taskWaiting, func() bool { return r.started }
	}
}

// runClient runs a client's operations under faults, then its probes without.
func (r *run) runClient(ctx context.Context, t *task, ops, probes []scenarios.Op) {
	store, state := r.clientStore(t), r.clientState(t, true)
	safety := r.scenarioClient(t, store, state, phaseSafety)
	for i, op := range ops {
		r.perform(ctx, safety, phaseSafety, i, op)
	}
	r.atBarrier++
	t.wait(pointBarrier, 0, func() bool { return r.healed })
	liveness := r.scenarioClient(t, store, state, phaseLiveness)
	for i, op := range probes {
		r.perform(ctx, liveness, phaseLiveness, i, op)
	}
}

// spawnSetup adds the task that prepares the store, alone and without faults.
func (r *run) spawnSetup(ctx context.Context) *task {
	return r.world.spawn(ctx, "set-up", func(ctx context.Context, t *task) {
		store := r.recorded(t, withYields(t, r.store))
		client := r.scenarioClient(t, store, r.clientState(t, false), phaseSetup)
		for i, op := range r.result.Program.Setup {
			r.perform(ctx, client, phaseSetup, i, op)
		}
	})
}

// spawnFinal adds the task that reads the whole store once all clients are done. It
// reads below faults and client mutants: the log itself, not what they make of it.
func (r *run) spawnFinal(ctx context.Context) {
	r.world.spawn(ctx, "final read", func(ctx context.Context, t *task) {
		if err := r.recorder.Final(ctx, withYields(t, r.store)); err != nil {
			r.result.find(Violation, Finding{
				Name:    "final read failed",
				Message: fmt.Sprintf("the store cannot be read although no fault is active: %v", err),
			})
		}
	})
}

// clientStore stacks what lies between a client and the backend: the recorder sees
// what the client sees, yields lie inside a call's interval, faults below them.
func (r *run) clientStore(t *task) eventcore.Store {
	store := r.injector.Wrap(t.id, r.store)
	if m := r.cfg.Mutant; m != nil && m.Layer == mutant.Client {
		store = m.Wrap(store)
	}
	return r.recorded(t, withYields(t, store))
}

func (r *run) recorded(t *task, store eventcore.Store) eventcore.Store {
	if r.recorder == nil {
		return store
	}
	return r.recorder.Wrap(t.id, store)
}

// The phases in which operations run; see [scenarios.Result].
const (
	phaseSetup    = scenarios.PhaseSetup
	phaseSafety   = scenarios.PhaseSafety
	phaseLiveness = scenarios.PhaseProbe
)

// scenarioClient makes what the operations of one phase run with. The phase is part
// of the keys: a client's two phases must not draw the same IDs.
func (r *run) scenarioClient(t *task, store eventcore.Store, state scenarios.State, phase scenarios.Phase) *scenarios.Client {
	c := clock{r.world}
	client, n := uint64(t.id), uint64(phase)
	retry := eventcore.Exponential(retryDelay, retryMaxDelay, retries)
	if phase != phaseSafety {
		// Without faults a client must get through in the end; the step limit
		// decides when it has not.
		retry = eventcore.Exponential(retryDelay, retryMaxDelay, eventcore.Unlimited)
	}
	return &scenarios.Client{
		ID: t.id, Store: store, State: state, Clock: c, Retry: retry, Tick: r.tick,
		Patient: phase != phaseSafety, Injected: injected, Bug: r.clientBug(),
		Random: prng.New(r.cfg.Seed, "client", client, n),
		IDs:    eventcore.NewIDGenerator(c, prng.New(r.cfg.Seed, "ids", client, n)),
	}
}

// injected says whether a fault made an error.
func injected(err error) bool { return errors.Is(err, chaos.ErrInjected) }

// perform runs one operation and keeps its result.
func (r *run) perform(ctx context.Context, client *scenarios.Client, phase scenarios.Phase, index int, op scenarios.Op) {
	span := r.beginSpan(client.ID, phase, index)
	for len(r.underWay) <= client.ID {
		r.underWay = append(r.underWay, underWay{})
	}
	r.underWay[client.ID] = underWay{client, phase, index, op}
	result := r.cfg.Scenario.Run(ctx, client, op)
	r.underWay[client.ID].client = nil
	r.endSpan(span)
	r.world.progress()
	result.Client, result.Index, result.Phase, result.Op = client.ID, index, phase, op
	if violation, is := errors.AsType[*scenarios.Violation](result.Err); is {
		r.result.find(Violation, Finding{
			Name:    "rule " + violation.Rule,
			Message: fmt.Sprintf("client %d: %s: %s: %s", client.ID, op, violation.Rule, violation.Detail),
		})
	} else if phase != phaseSafety && result.Err != nil {
		r.result.find(NoProgress, Finding{
			Name:    "failure without faults",
			Message: fmt.Sprintf("client %d: %s failed although no fault is active: %v", client.ID, op, result.Err),
		})
	}
	r.result.Results = append(r.result.Results, result)
}

// underWay is an operation that has not come back, or none if it has no client.
type underWay struct {
	client *scenarios.Client
	phase  scenarios.Phase
	index  int
	op     scenarios.Op
}

// giveUp ends the clients that did not finish. What they have sent may be in the log, so the
// invariants are told of it.
func (r *run) giveUp() {
	r.world.stop()
	for id := range r.underWay {
		u := &r.underWay[id]
		if u.client == nil {
			continue
		}
		result := u.client.Cut()
		result.Client, result.Index, result.Phase, result.Op = id, u.index, u.phase, u.op
		r.result.Results = append(r.result.Results, result)
	}
}
