package sim

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// Parallel carries out one run with real goroutines in real time: one each client. The seed
// decides the program and which calls get a fault, and nothing decides the order; so there
// is no schedule, no trace worth comparing and no crash. All else is judged as by [Run]. It
// finds what lies between two yield points, such as a lock that is not taken, and under the
// race detector what is shared without one. A failure may not show again, and a fault that was
// asked for may not fire, such as each of those that befall the requests to a server: it passes
// all the same.
//
// The store is opened with [RealEnv], and must be safe to use so.
func Parallel(ctx context.Context, cfg Config) (*Result, error) {
	cfg, err := cfg.prepared()
	if err != nil {
		return nil, err
	}
	cfg.Crashes = &[]Crash{}
	p := &parallel{run: newRun(cfg, &worker{memory: &linearizability.Memory{}})}
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer close(done)
		p.run.carriedOut(func() { p.carryOut(ctx) })
	}()
	for wait := (patience{limit: cfg.StallTimeout}); wait.wait(done); {
		if wait.isOver() {
			return p.hung(), nil
		}
	}
	// What was found before the context ended stays.
	if err := ctx.Err(); err != nil && !p.run.result.Failed() {
		return nil, fmt.Errorf("sim: parallel run of seed %d: %w", cfg.Seed, err)
	}
	return p.run.result, nil
}

// parallel is the state of a parallel run.
type parallel struct {
	run    *run
	faults *chaos.Injector
	ticks  atomic.Int64
	// mu guards the results.
	mu sync.Mutex
}

// hung describes a run that did not end. It reads nothing that its goroutines may still write.
func (p *parallel) hung() *Result {
	r := p.run
	result := &Result{
		Seed: r.cfg.Seed, Backend: r.cfg.Backend.Name, Scenario: r.cfg.Scenario.Name, Mutant: r.result.Mutant,
		Plan: r.result.Plan, Program: r.result.Program, Trace: newTrace(), ReplayDiverged: -1,
	}
	result.find(NoProgress, Finding{Name: "stall", Message: fmt.Sprintf("the run did not end in %v", r.cfg.StallTimeout)})
	return result
}

func (p *parallel) carryOut(ctx context.Context) {
	r := p.run
	r.env = RealEnv()
	r.env.Connections = r.cfg.Scenario.Connections
	if err := r.open(ctx); err != nil {
		if ctx.Err() != nil {
			return
		}
		r.result.judge(Broken, fmt.Sprintf("open backend %s: %v", r.cfg.Backend.Name, err))
		return
	}
	defer r.closeStore()
	if missing := r.cfg.Scenario.Lacks(r.opened); missing != "" {
		r.result.judge(Broken, fmt.Sprintf("backend %s has no %s, which scenario %s needs; leave the scenario out", r.cfg.Backend.Name, missing, r.cfg.Scenario.Name))
		return
	}
	program := &r.result.Program
	r.recorder = linearizability.NewRecorder(len(program.Clients) + 1)
	p.faults = chaos.NewInjector(chaos.Config{Plan: r.result.Plan.Faults, Seed: r.cfg.Seed, Clock: eventcore.SystemClock{}})
	p.setUp(ctx)
	p.all(ctx, phaseSafety, program.Clients)
	p.faults.Heal()
	p.all(ctx, phaseLiveness, program.Probes)
	if ctx.Err() != nil {
		return
	}
	p.readAtLast(ctx)
	if ctx.Err() != nil {
		return
	}
	r.check(ctx)
	r.result.sort()
	r.result.Faults = p.faults.Log()
	// Requests are those of tasks, which there are none of here.
	r.result.Coverage.Faults, r.result.Coverage.Struck = faultCoverage(p.faults, &chaos.Plan{}), struckCoverage(p.faults)
	if reaches := r.cfg.Scenario.Reaches; reaches != nil {
		r.result.Coverage.Reached = reaches(r.result.Results)
	}
}

// setUp runs the set-up.
func (p *parallel) setUp(ctx context.Context) {
	program := &p.run.result.Program
	p.performed(ctx, len(program.Clients), phaseSetup, program.Setup)
}

// readAtLast is the final read.
func (p *parallel) readAtLast(ctx context.Context) {
	defer p.catch()
	if err := p.run.recorder.Final(ctx, p.run.live); err != nil && ctx.Err() == nil {
		p.run.result.find(Violation, Finding{
			Name:    "final read failed",
			Message: fmt.Sprintf("the store cannot be read although no fault is active: %v", err),
		})
	}
}

// all runs the clients at once.
func (p *parallel) all(ctx context.Context, phase scenarios.Phase, clients [][]scenarios.Op) {
	var running sync.WaitGroup
	for id, ops := range clients {
		running.Go(func() {
			returned := false
			defer func() {
				if !returned {
					p.mu.Lock()
					defer p.mu.Unlock()
					p.run.broken(exited)
				}
			}()
			p.performed(ctx, id, phase, ops)
			returned = true
		})
	}
	running.Wait()
}

// performed is perform, where a panic ends.
func (p *parallel) performed(ctx context.Context, id int, phase scenarios.Phase, ops []scenarios.Op) {
	defer p.catch()
	p.perform(ctx, id, phase, ops)
}

// catch makes a panic of the code under test a finding.
func (p *parallel) catch() {
	if value := recover(); value != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.run.result.find(Violation, Finding{Name: "panic", Message: (&taskPanic{value, string(debug.Stack())}).Error()})
	}
}

// perform runs what one client does in a phase.
func (p *parallel) perform(ctx context.Context, id int, phase scenarios.Phase, ops []scenarios.Op) {
	client := p.client(id, phase)
	for i, op := range ops {
		if ctx.Err() != nil {
			return
		}
		result := p.run.cfg.Scenario.Run(ctx, client, op)
		result.Client, result.Index, result.Phase, result.Op = id, i, phase, op
		p.keep(result, ctx.Err() != nil)
	}
}

// keep keeps a result. Of one that was interrupted the error says nothing.
func (p *parallel) keep(result scenarios.Result, interrupted bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.run.result
	if violation, is := errors.AsType[*scenarios.Violation](result.Err); is {
		r.find(Violation, Finding{
			Name:    "rule " + violation.Rule,
			Message: fmt.Sprintf("client %d: %s: %s: %s", result.Client, result.Op, violation.Rule, violation.Detail),
		})
	} else if result.Phase != phaseSafety && result.Err != nil && !interrupted {
		r.find(NoProgress, Finding{
			Name:    "failure without faults",
			Message: fmt.Sprintf("client %d: %s failed although no fault is active: %v", result.Client, result.Op, result.Err),
		})
	}
	r.Results = append(r.Results, result)
}

// client makes what a client's operations run with, stacked as in a simulated run.
func (p *parallel) client(id int, phase scenarios.Phase) *scenarios.Client {
	r := p.run
	clock, number, n := eventcore.SystemClock{}, uint64(id), uint64(phase) //nolint:gosec // an index is not negative
	store, state := r.live, r.liveState
	retry := eventcore.Exponential(retryDelay, retryMaxDelay, retries)
	if phase != phaseSetup {
		store = p.faults.Wrap(id, store)
		if state.Checkpoints != nil {
			state.Checkpoints = p.faults.WrapCheckpoints(id, state.Checkpoints)
		}
		if state.Coordinator != nil {
			state.Coordinator = p.faults.WrapCoordinator(id, state.Coordinator)
		}
		if state.Snapshots != nil {
			state.Snapshots = p.faults.WrapSnapshots(id, state.Snapshots)
		}
		if m := r.cfg.Mutant; m != nil && m.Layer == mutant.Client {
			store = m.Wrap(store)
		}
	}
	if phase != phaseSafety {
		retry = eventcore.Exponential(retryDelay, retryMaxDelay, eventcore.Unlimited)
	}
	return &scenarios.Client{
		ID: id, Store: r.recorder.Wrap(id, store), State: state, Clock: clock, Retry: retry,
		Tick:    func() int64 { return p.ticks.Add(1) },
		Patient: phase != phaseSafety, Injected: injected, Bug: r.clientBug(),
		Random: prng.New(r.cfg.Seed, "client", number, n),
		IDs:    eventcore.NewIDGenerator(clock, prng.New(r.cfg.Seed, "ids", number, n)),
	}
}
