package sim

import (
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// taskReading parks its task at each event of one read. It is used again, as a
// [processReading] is.
type taskReading struct {
	task    *task
	touched uint64
	consume pushread.Consumer
	// body is next as a function value.
	body pushread.Consumer
	// over says that the reader wants nothing more.
	over bool
}

// startRead begins a read, and returns what passes it on to consume; touched is what each of
// its steps reads.
func (t *task) startRead(point int32, touched uint64, consume pushread.Consumer) *taskReading {
	var it *taskReading
	if n := len(t.reads); n > 0 {
		it, t.reads = t.reads[n-1], t.reads[:n-1]
	} else {
		it = &taskReading{task: t}
		it.body = it.next
	}
	it.touched, it.consume, it.over = touched, consume, false
	t.world.called()
	t.did.Calls = true
	t.park(point)
	t.did.Reads |= touched
	return it
}

// end ends a read. One that a panic has ended is not used again.
func (it *taskReading) end() {
	t := it.task
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
		panic(pushread.ErrGoesOn)
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
