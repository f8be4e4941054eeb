package sim

import (
	"errors"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// errGoesOn is what a store panics with that yields more events than its reader wants, as the
// loop of a reader does.
var errGoesOn = errors.New("the store goes on with a read that its reader has ended")

// taskReading parks its task at each event of one read. It is used again, as a
// [processReading] is.
type taskReading struct {
	task    *task
	touched uint64
	consume func(eventcore.Recorded, error) bool
	// body is next as a function value.
	body func(eventcore.Recorded, error) bool
	// over says that the reader wants nothing more.
	over bool
}

// startRead returns what passes one read on to consume.
func (t *task) startRead(touched uint64, consume func(eventcore.Recorded, error) bool) *taskReading {
	var it *taskReading
	if n := len(t.reads); n > 0 {
		it, t.reads = t.reads[n-1], t.reads[:n-1]
	} else {
		it = &taskReading{task: t}
		it.body = it.next
	}
	it.touched, it.consume, it.over = touched, consume, false
	return it
}

func (it *taskReading) run(point int32, events iter.Seq2[eventcore.Recorded, error]) {
	t := it.task
	t.world.called()
	t.did.Calls = true
	t.park(point)
	t.did.Reads |= it.touched
	events(it.body)
	if !it.over {
		t.park(t.world.points.readReturn)
		t.did.Returns = true
	}
	it.consume = nil
	t.reads = append(t.reads, it)
}

// next is the body of the loop over the store's events.
func (it *taskReading) next(event eventcore.Recorded, err error) bool {
	if it.over {
		panic(errGoesOn)
	}
	t := it.task
	t.note(digestRead(&event, err))
	t.park(t.world.points.event)
	goesOn := it.consume(event, err)
	t.did.Reads |= it.touched // whatever the consumer called meanwhile
	if !goesOn || err != nil {
		t.did.Returns = true
	}
	it.over = !goesOn
	return goesOn
}
