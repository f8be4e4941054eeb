package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// budget is how many steps a phase may take, and in how many of them an operation must end.
// calls is how often the store may be called while no operation ends and the store does not
// change: who asks for ever for what does not come is seen by that long before all steps are
// used up. program is that whose streams may ask for more calls, nil once they were counted.
type budget struct {
	steps, idle int64
	calls       int
	program     *scenarios.Program
}

const (
	// leastSteps is the usual budget of a phase.
	leastSteps = 100_000
	// idlePart is the part of a budget in which an operation must end, but leastIdle at least.
	idlePart, leastIdle = 10, 1000
	// stepsForEach is so many for each client and operation, since an operation may read what
	// all others wrote while the other clients do the same. The longest time without the end of
	// an operation was a quarter of what this allows, over 14,000 runs of the backends here with
	// programs as they are drawn and up to twenty times as long.
	stepsForEach = 30 * idlePart
	// callsForEach is so many calls for each client, but leastCalls at least. The most was 72,
	// with seven clients, over the same backends and PostgreSQL. Who asks for steps gets a call for
	// each stepsForCall of them, if that is more.
	callsForEach, leastCalls = 100, 400
	stepsForCall             = leastSteps / leastCalls
	// callsForStream is so many for each client and stream of the program, if that is more: all
	// clients may read all streams, and snapshots of them, before one of them has written anything.
	callsForStream = 4
)

// budgetFor returns the budget of a phase of a program, of asked steps where that is not 0.
func budgetFor(asked int, p *scenarios.Program) budget {
	steps := int64(asked)
	if steps == 0 {
		steps = max(leastSteps, stepsForEach*int64(len(p.Clients))*int64(p.Len()))
	}
	return budget{
		steps: steps, idle: min(steps, max(leastIdle, steps/idlePart)),
		calls: max(leastCalls, callsForEach*len(p.Clients), asked/stepsForCall), program: p,
	}
}

// widen makes room for programs of many streams. To count them takes longer than most runs need
// to know.
func (b *budget) widen() {
	if b.program == nil {
		return
	}
	streams := make(map[eventcore.StreamID]bool)
	count := func(ops []scenarios.Op) {
		for i := range ops {
			for _, id := range slices.Concat(ops[i].Streams, ops[i].Reads) {
				streams[id] = true
			}
		}
	}
	count(b.program.Setup)
	for _, ops := range slices.Concat(b.program.Clients, b.program.Probes) {
		count(ops)
	}
	b.calls = max(b.calls, callsForStream*len(b.program.Clients)*len(streams))
	b.program = nil
}

// errBudget ends a loop whose steps are used up.
var errBudget = errors.New("the step budget is used up")

// spend gives the loop a new budget.
func (w *world) spend(b budget) {
	w.budget, w.limit = b, w.steps.Load()+b.steps
	w.progress()
}

// progress is called when an operation has ended.
func (w *world) progress() {
	w.end = min(w.limit, w.steps.Load()+w.budget.idle)
	w.changed()
}

// changed is called when the store has changed: by an append, or by what takes a checkpoint or a
// snapshot further.
func (w *world) changed() { w.changedAt = w.calls }

// called is called when a call of the store begins.
func (w *world) called() {
	w.calls++
	if w.inVain() {
		w.end = min(w.end, w.steps.Load())
	}
}

// inVain says that the store was called too often for nothing.
func (w *world) inVain() bool {
	if w.calls-w.changedAt > w.budget.calls {
		w.budget.widen()
	}
	return w.calls-w.changedAt > w.budget.calls
}

// overspent says what did not come in time.
func (w *world) overspent(phase string) string {
	if w.inVain() {
		return fmt.Sprintf("no operation ended and the store did not change while it was called %d times in %s", w.budget.calls, phase)
	}
	if w.end < w.limit {
		return fmt.Sprintf("no operation ended in %d steps of %s", w.budget.idle, phase)
	}
	return fmt.Sprintf("%s did not end in %d steps", phase, w.budget.steps)
}
