package postgres_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// gathering is a number of appends that wait for one that is under way, and lose patience once
// all of them do, however long that takes.
type gathering struct {
	missing atomic.Int32
	all     chan struct{}
}

func newGathering(appends int32) *gathering {
	g := &gathering{all: make(chan struct{})}
	g.missing.Store(appends)
	return g
}

// one returns the context of one of the appends.
func (g *gathering) one(ctx context.Context) context.Context {
	return yield.NewContext(ctx, &gathered{gathering: g})
}

// gathered is an append's task. It waits as real ones do, but for the patience.
type gathered struct {
	*gathering
	came bool
}

func (*gathered) Yield(string) {}

func (*gathered) Wait(_ string, ready func() bool) {
	for !ready() {
		time.Sleep(time.Millisecond)
	}
}

// WaitFor implements [yield.TimedTask]. Who waits has patience for the second group.
func (g *gathered) WaitFor(name string, limit time.Duration, ready func() bool) time.Duration {
	if g.came {
		g.Wait(name, ready)
		return limit
	}
	g.came = true
	if g.missing.Add(-1) == 0 {
		close(g.all)
	}
	<-g.all
	return 0
}
