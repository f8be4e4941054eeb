package sim

import (
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// budget is how many steps a phase may take, and in how many of them an operation must end:
// who waits for ever is seen by that long before all steps are used up.
type budget struct{ steps, idle int64 }

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
)

// budgetFor returns the budget of a phase of a program, of asked steps where that is not 0.
func budgetFor(asked int, p *scenarios.Program) budget {
	steps := int64(asked)
	if steps == 0 {
		steps = max(leastSteps, stepsForEach*int64(len(p.Clients))*int64(p.Len()))
	}
	return budget{steps: steps, idle: min(steps, max(leastIdle, steps/idlePart))}
}

// errBudget ends a loop whose steps are used up.
var errBudget = errors.New("the step budget is used up")

// spend gives the loop a new budget.
func (w *world) spend(b budget) {
	w.budget, w.limit = b, w.steps.Load()+b.steps
	w.progress()
}

// progress is called when an operation has ended.
func (w *world) progress() { w.end = min(w.limit, w.steps.Load()+w.budget.idle) }

// overspent says what did not come in time.
func (w *world) overspent(phase string) string {
	if w.end < w.limit {
		return fmt.Sprintf("no operation ended in %d steps of %s", w.budget.idle, phase)
	}
	return fmt.Sprintf("%s did not end in %d steps", phase, w.budget.steps)
}
