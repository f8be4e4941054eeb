package pgstep

import (
	"context"
	"errors"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// errTakenDown says that a task was taken down; nobody sees it.
var errTakenDown = errors.New("the run has ended")

// guard calls do, and says whether the task was taken down in it. The panic of that ends here: going
// through pgx it would keep the connection from its pool, most of whose calls give theirs back only
// where they return. The session is lost instead, so that what the task does on it fails, and the
// store gives it back. The task is taken down where it parks next.
func (c *session) guard(do func()) (down bool) {
	err := func() (err error) {
		defer yield.Recover(&err, errTakenDown)
		do()
		return nil
	}()
	if err != nil {
		c.discard()
	}
	return err != nil
}

// discard loses the session, and returns once the server has ended it: what it held is free.
func (c *session) discard() {
	c.lose()
	_ = c.Close() // there is nothing to be done about one that does not close well
}

// noMore takes a task down, where it is to be, before it gets another connection. A store that
// tries again where one is lost would else do so for ever. One that does so on the connection
// that is lost comes to usedInVain.
func noMore(ctx context.Context) {
	if task, ok := yield.From(ctx).(yield.BlockingTask); ok && task.Stopping() {
		task.Yield("pgx: connect")
	}
}

// usesPerStep is how often a task may use a connection that is closed before that is a step. Who
// means to give it back does so a few times, and the steps of those are as if they had not.
const usesPerStep = 50

// usedInVain parks a task now and then that uses a connection which is closed: one that does so for
// ever would come to no step where it is taken down, and use up none of its run's. The end of a
// transaction is spared as long as it is not all there is: where the task is taken down in it, the
// pool does not get the connection back.
func (c *session) usedInVain(ctx context.Context, name string) {
	task, ok := yield.From(ctx).(yield.BlockingTask)
	if !ok {
		return
	}
	most := usesPerStep
	if name == "sql: commit" || name == "sql: rollback" {
		most *= 2
	}
	c.mu.Lock()
	c.inVain++
	due := c.inVain >= most
	if due {
		c.inVain = 0
	}
	c.mu.Unlock()
	if due {
		task.Yield("pgx: on a connection that is closed")
	}
}
