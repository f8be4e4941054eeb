package sim

import (
	"context"
	"time"

	"github.com/eventcore-go/eventcore-sim/sim/internal/coro"
)

// settle waits until it is certain of each task that is away whether it has come back.
// Only then may anything else be asked of the world: what a step has set free must not
// depend on how fast the outside is.
func (w *world) settle() {
	for _, t := range w.tasks {
		if outsider, ok := t.co.(coro.Outsider); ok && t.state == taskAway {
			outsider.Settle()
		}
	}
}

// awayLimit is how long a run in which every task is held up outside the process waits
// for the outside, such as a server that breaks a deadlock by itself.
const awayLimit = 10 * time.Second

// awaitAway waits until a task that is away comes back. It returns false if there is
// none, or none has come.
func (w *world) awaitAway(ctx context.Context) bool {
	const step = 200 * time.Microsecond
	for waited := time.Duration(0); w.away > 0 && waited < awayLimit && ctx.Err() == nil; waited += step {
		for _, t := range w.tasks {
			if t.state == taskAway && t.isBack() {
				return true
			}
		}
		time.Sleep(step) //nolint:forbidigo // the outside goes by real time
	}
	return false
}
