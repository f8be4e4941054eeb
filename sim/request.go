package sim

import (
	"context"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// A task is what package pgstep asks for the faults of the network between store and
// server: see its type networked.

// Request counts a request that the store is about to send for the task and returns the
// fault that it is to suffer, nil for none.
func (t *task) Request() *chaos.RequestFault { return t.fault((*chaos.Injector).Request) }

// Connect returns the fault that a connection is to suffer which the store needs for the task's
// next request, nil for none.
func (t *task) Connect() *chaos.RequestFault { return t.fault((*chaos.Injector).Connect) }

func (t *task) fault(of func(in *chaos.Injector, client int) *chaos.RequestFault) *chaos.RequestFault {
	if t.world.onRequest == nil || t.world.stopping || t.doomed {
		return nil
	}
	return t.world.onRequest(t, of)
}

// Sleep parks the task for that virtual time, or until the deadline of ctx by the run's
// clock.
func (t *task) Sleep(ctx context.Context, d time.Duration) {
	if at, bounded := deadlineOf(ctx); bounded {
		d = min(d, time.Duration(at-t.world.now))
	}
	if d > 0 {
		t.sleep(int64(d))
	}
}

// After has something happen once the virtual time has passed, or at the end of the run.
// No task runs meanwhile.
func (t *task) After(d time.Duration, name string, do func()) { t.world.after(int64(d), t, name, do) }

// Lost notes that a session which worked for the task is lost to the store. The server
// keeps what the session held, such as locks, until ended is called.
func (t *task) Lost() (ended func()) {
	if t.world.onLost == nil {
		return func() {}
	}
	return t.world.onLost(t)
}

// faultOf returns the fault of what a client does.
func (r *run) faultOf(t *task, of func(in *chaos.Injector, client int) *chaos.RequestFault) *chaos.RequestFault {
	if t.id >= len(r.result.Program.Clients) {
		return nil
	}
	return of(r.injector, t.id)
}

// lostSession notes that a session is lost.
func (r *run) lostSession(t *task) (ended func()) {
	r.lost = append(r.lost, scenarios.LostSession{Client: t.id, From: r.tick(), To: forEver})
	at := len(r.lost) - 1
	return func() { r.lost[at].To = r.tick() }
}
