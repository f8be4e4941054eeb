package sim

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
	"github.com/eventcore-go/eventcore-sim/sim/internal/coro"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
)

// Run carries out one run and judges it. What is wrong with the store is in the
// result; the error says that the configuration is not valid, or that ctx was
// cancelled before anything was found. Runs share nothing and may be carried out concurrently.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	var w worker
	defer w.close()
	return w.run(ctx, cfg)
}

// run is the state of one run.
type run struct {
	cfg      Config
	world    *world
	replay   *sched.Replay
	injector *chaos.Injector
	recorder *linearizability.Recorder
	memory   *linearizability.Memory
	env      Env
	disk     *disk.Disk
	// store is what clients reach of the backend, below faults. It outlives crashes.
	store eventcore.Store
	// opened is the store that is open, live the same with a backend mutant in it.
	opened, live eventcore.Store
	liveAll      eventcore.AllReader
	liveState    scenarios.State
	kept         kept
	// panicked: it did so outside of its tasks.
	panicked bool
	// reads are those of the process that have ended, for further ones.
	reads []*processReading
	// epoch is the number of crashes so far, crashes how many of the plan's are over.
	epoch, crashes int
	// kills is how many of them were ends of all sessions with a server, restarts how many
	// ends of the server.
	kills, restarts int
	// again counts crashes in the middle of a recovery, againDue the recoveries that were to have
	// one; restartsAgain and restartsAgainDue are the same of the server.
	again, againDue, restartsAgain, restartsAgainDue int
	// flips counts the bits that were flipped at rest, flipsReported how often the store said so.
	flips, flipsReported int
	// lost are the sessions with a server that the network or the server has ended.
	lost   []scenarios.LostSession
	result *Result

	// started and healed open the barriers before the safety and the liveness
	// phase; atBarrier counts the clients that have reached the second one.
	started, healed bool
	atBarrier       int
	// underWay are the operations of clients that have not come back, by task.
	underWay []underWay

	// ticks is the logical time of what clients note themselves; crashedAt has that of
	// each crash.
	ticks     int64
	crashedAt []int64
}

// tick returns the logical time.
func (r *run) tick() int64 {
	if t := r.world.current; t != nil {
		t.did.Unknown = true // a clock that all clients share
	}
	r.ticks++
	return r.ticks
}

// newRun makes a run that w will carry out.
func newRun(cfg Config, w *worker) *run {
	plan := drawPlan(&cfg)
	r := &run{cfg: cfg, result: w.result(), memory: w.memory}
	r.world = newWorld(w.coroutines, r.result.Trace)
	if cfg.Backend.Blocks || cfg.GoroutineSwitch {
		r.world.switcher = coro.Baton{}
	}
	r.result.Seed, r.result.Backend, r.result.Scenario, r.result.Plan = cfg.Seed, cfg.Backend.Name, cfg.Scenario.Name, plan
	r.result.Verdict, r.result.ReplayDiverged = Pass, -1
	if cfg.Mutant != nil {
		r.result.Mutant = cfg.Mutant.Name
	}
	// The name was checked with the configuration or chosen by drawPlan.
	scheduler, err := sched.New(plan.Scheduler, prng.New(cfg.Seed, "schedule"))
	if err != nil {
		panic(err)
	}
	if cfg.Replay != nil {
		r.result.Program = cfg.Replay.Program
		if cfg.Replay.Lenient {
			scheduler = sched.NewWish(cfg.Replay.Schedule)
		} else {
			r.replay = sched.NewReplay(cfg.Replay.Schedule, scheduler)
			scheduler = r.replay
		}
	} else {
		r.result.Program = cfg.Scenario.Generate(prng.New(cfg.Seed, "program"), plan.Params, plan.Weights)
	}
	r.result.Results = slices.Grow(r.result.Results, r.result.Program.Len())
	r.result.Spans = slices.Grow(r.result.Spans, r.result.Program.Len())
	r.world.sched = scheduler
	r.world.timeless = cfg.Timeless
	r.injector = chaos.NewInjector(chaos.Config{
		Plan: plan.Faults, Seed: cfg.Seed, Clock: clock{r.world}, Observe: r.observe,
	})
	return r
}

// simulate opens the store, runs all phases and judges.
func (r *run) simulate(ctx context.Context) {
	defer r.world.stop()
	// Tasks must not see the caller's cancellation: when it comes depends on real
	// time. The loop looks at ctx between steps.
	tasksCtx := context.WithoutCancel(ctx)
	r.disk = disk.New(r.diskConfig())
	r.env = Env{
		Clock: clock{r.world}, Random: prng.New(r.cfg.Seed, "backend"), Point: r.world.point, Sleep: r.world.nap, Disk: r.disk,
		Connections: r.cfg.Scenario.Connections, Alone: r.result.Plan.crashesServer(),
	}
	if err := r.open(tasksCtx); err != nil {
		r.result.judge(Broken, fmt.Sprintf("open backend %s: %v", r.cfg.Backend.Name, err))
		return
	}
	defer func() {
		// A task that was given up may hold what closing waits for; what the server would keep
		// holds up who comes after.
		r.world.ringAll()
		r.world.stop()
		r.closeStore()
	}()
	if missing := r.cfg.Scenario.Lacks(r.opened); missing != "" {
		r.result.judge(Broken, fmt.Sprintf("backend %s has no %s, which scenario %s needs; leave the scenario out", r.cfg.Backend.Name, missing, r.cfg.Scenario.Name))
		return
	}
	if r.cfg.Backend.Checksummed != nil && r.liveAll == nil {
		r.result.judge(Broken, fmt.Sprintf("backend %s has Checksummed, but no global order by which to tell what a flipped bit does; leave Checksummed out", r.cfg.Backend.Name))
		return
	}
	r.world.onCrash = func(context.Context) error { return r.crash(tasksCtx) }
	r.world.onRequest, r.world.onLost = r.faultOf, r.lostSession
	r.store = newProcess(r)
	if !r.cfg.SkipChecks {
		r.recorder = r.memory.NewRecorder()
		r.world.trace.stamp = r.recorder.Stamp
	}
	if r.phases(ctx, tasksCtx) {
		r.check(ctx)
	} else if r.recorder != nil {
		// It cannot be judged, and may still show people what happened.
		history := r.recorder.History()
		r.result.History = &history
	}
	r.result.sort()
	r.finish()
}

// phases runs set-up, safety and liveness phase and the final read, and says
// whether there is a history to check.
func (r *run) phases(ctx, tasksCtx context.Context) bool {
	program := &r.result.Program
	b := budgetFor(r.cfg.Steps, program)

	r.enter("set-up")
	r.spawnClients(tasksCtx)
	setup := r.spawnSetup(tasksCtx)
	isSetUp := func() bool { return setup.state == taskDone }
	if !r.ended("the set-up", r.world.loop(ctx, b, isSetUp)) {
		return false
	}
	r.enter("safety")
	r.started = true
	r.nextCrash()
	r.explore(r.cfg.Explorer)
	err := r.world.loop(ctx, b, func() bool { return r.atBarrier == len(program.Clients) })
	r.explore(nil)
	r.world.interrupt, r.world.awaited = never, nil
	// A safety phase that is cut short goes on without faults: only then must
	// every client get through.
	if err != nil && !errors.Is(err, errBudget) && !r.ended("the safety phase", err) && !unfinished(err) {
		return false
	}
	r.enter("liveness")
	r.injector.Heal()
	r.healed = true
	if err := r.world.loop(ctx, b, nil); !r.ended("the liveness phase", err) && !unfinished(err) {
		return false
	}
	if r.recorder == nil {
		return false
	}
	// The history of clients that did not finish may show why.
	r.giveUp()
	r.enter("final read")
	r.spawnFinal(tasksCtx)
	b.idle, b.calls = b.steps, math.MaxInt // it is no operation, and changes nothing
	return r.ended("the final read", r.world.loop(ctx, b, nil))
}

func (r *run) enter(phase string) {
	w := r.world
	w.trace.add(step{time: w.now, task: -1, kind: stepPhase, name: w.trace.intern(phase)})
}

// unfinished says whether a loop ended because tasks could not.
func unfinished(err error) bool {
	_, stuck := errors.AsType[*deadlock](err)
	return stuck || errors.Is(err, errBudget)
}

// ended turns the end of a loop into a judgement; true means go on.
func (r *run) ended(phase string, err error) bool {
	if err == nil {
		return true
	}
	stuck, isStuck := errors.AsType[*deadlock](err)
	crash, isCrash := errors.AsType[*taskPanic](err)
	dead, isUnopened := errors.AsType[*unopened](err)
	silent, isSilent := errors.AsType[*undetected](err)
	switch {
	case errors.Is(err, errBudget):
		r.result.find(NoProgress, Finding{Name: "no progress", Message: r.world.overspent(phase) +
			"; parked: " + strings.Join(r.world.parked(), "; ")})
	case isStuck:
		r.result.find(NoProgress, Finding{Name: "deadlock", Message: stuck.Error()})
	case isUnopened:
		r.result.find(Violation, Finding{Name: "lost in a crash", Message: dead.Error()})
	case isCrash:
		r.result.find(Violation, Finding{Name: "panic", Message: crash.Error()})
	case isSilent:
		r.result.find(Violation, Finding{Name: DamageNotReported, Message: silent.Error()})
	case errors.Is(err, errInterrupted): // there is nothing to say of the store
	case errors.Is(err, errAbandoned):
		// Who is inside the store must not keep it from being closed.
		r.world.stop()
		r.result.judge(Undecided, err.Error())
	default:
		r.result.judge(Broken, err.Error())
	}
	return false
}

// observe attributes a fault in the trace.
func (r *run) observe(_ context.Context, fault chaos.Fault) {
	w := r.world
	text := fault.String()
	w.trace.add(step{time: w.now, task: int16(fault.Client), kind: stepFault, name: w.trace.intern(text)})
	r.mark(Mark{Client: fault.Client, Text: text})
}

// finish fills in what is known at the end of every run.
func (r *run) finish() {
	result := r.result
	result.Schedule = r.world.trace.schedule(result.Schedule)
	result.Steps = int(r.world.steps.Load())
	result.Elapsed = time.Duration(r.world.now)
	result.Faults = r.injector.Log()
	// The final read is not the clients' doing; a history counts without it.
	if r.cfg.SkipChecks {
		result.Coverage.Calls = r.world.calls
	}
	r.endSpans()
	r.checkExplicitFaults()
	result.Coverage.Kills, result.Coverage.Restarts = r.kills, r.restarts
	result.Coverage.RestartsAgain, result.Coverage.RestartsAgainDue = r.restartsAgain, r.restartsAgainDue
	if result.Plan.crashesServer() {
		result.Coverage.RestartRuns = 1
	}
	if r.cfg.Backend.Durable {
		lost := r.disk.Stats()
		result.Coverage.Crashes, result.Coverage.Lost, result.Coverage.Torn = lost.Crashes, lost.Lost, lost.Torn
		result.Coverage.Kept = lost.Kept
		result.Coverage.Again, result.Coverage.AgainDue = r.again, r.againDue
		result.Coverage.Flips, result.Coverage.FlipsReported = r.flips, r.flipsReported
	}
	result.Coverage.Faults, result.Coverage.Struck = faultCoverage(r.injector, &r.result.Plan.Faults), struckCoverage(r.injector)
	if reaches := r.cfg.Scenario.Reaches; reaches != nil {
		result.Coverage.Reached = reaches(result.Results)
	}
	if r.replay != nil {
		if step, diverged := r.replay.Followed(); diverged {
			result.ReplayDiverged = step
		}
	}
	if r.cfg.SkipChecks {
		result.judge(Undecided, "nothing was checked")
	}
}

// checkExplicitFaults makes a run vacuous in which a fault that was asked for did
// not fire.
func (r *run) checkExplicitFaults() {
	fired := make(map[chaos.Fault]bool, len(r.result.Faults))
	for _, fault := range r.result.Faults {
		fired[fault] = true
	}
	for _, fault := range r.result.Plan.Faults.Faults {
		if !fired[fault] {
			r.result.judge(Vacuous, fmt.Sprintf("fault %s was asked for and never fired", fault))
			return
		}
	}
}

// watch waits for the run to end. If a step takes longer than the stall timeout it
// returns a result that says so, and gives the run up: its goroutines stay, since
// Go cannot end them.
func (r *run) watch(done <-chan struct{}) *Result {
	p := patience{limit: r.cfg.StallTimeout}
	for last := int64(-1); p.wait(done); {
		steps := r.world.steps.Load()
		switch {
		case steps != last:
			last, p.spent = steps, 0
		case p.isOver():
			return r.stalled(steps)
		}
	}
	return nil
}

// stalled describes a hung step. It reads nothing that the hung goroutine may
// still write but what is fixed at the start.
func (r *run) stalled(steps int64) *Result {
	result := &Result{
		Seed: r.cfg.Seed, Backend: r.cfg.Backend.Name, Scenario: r.cfg.Scenario.Name, Mutant: r.result.Mutant,
		Plan: r.result.Plan, Program: r.result.Program, Trace: newTrace(), ReplayDiverged: -1, Steps: int(steps),
	}
	result.Stall = stallStacks()
	result.find(NoProgress, Finding{Name: "stall", Message: fmt.Sprintf(
		"step %d did not end in %v: a task blocks outside a yield point, for instance on a lock that a parked task holds",
		steps, r.cfg.StallTimeout)})
	return result
}
