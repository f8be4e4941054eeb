package groupcommit_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// poller waits as a simulated task does, and is taken down there after a while if it is to be.
type poller struct{ down bool }

func (*poller) Yield(string) { runtime.Gosched() }

func (p *poller) Wait(_ string, ready func() bool) {
	for n := 0; !ready(); n++ {
		if p.down && n > 3 {
			panic("taken down")
		}
		runtime.Gosched()
	}
}

// timedPoller is a poller that can wait with an end.
type timedPoller struct{ poller }

func (p *timedPoller) WaitFor(_ string, limit time.Duration, ready func() bool) time.Duration {
	for ; limit > 0 && !ready(); limit -= time.Microsecond {
		runtime.Gosched()
	}
	return limit
}

// job counts how often it was done, and notes that its caller has returned.
type job struct {
	size int
	done atomic.Int32
	over atomic.Bool
}

func (j *job) Size() int { return j.size }

// stress is what callers of one queue share.
type stress struct {
	*groupcommit.Queue[*job]
	connections chan struct{}
	// twice counts calls that were done twice, or done and refused, late those that were in use
	// after they had returned.
	twice, late atomic.Int32
}

// call has one job done by a caller that is drawn: simulated or not, whose context may end, who may
// panic, or whose group may come to nothing.
func (s *stress) call(ctx context.Context, draw func(int) int) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	task := &poller{down: draw(20) == 0}
	switch draw(4) {
	case 0:
		ctx = yield.NewContext(ctx, task)
	case 1:
		ctx = yield.NewContext(ctx, &timedPoller{})
	}
	if draw(5) == 0 {
		go cancel()
	}
	j := &job{size: draw(60)}
	panics, fails := draw(40) == 0, draw(10) == 0
	err := func() error {
		defer func() { _ = recover() }()
		return s.Do(ctx, j, func(take func() (context.Context, []*job)) bool {
			s.connections <- struct{}{}
			defer func() { <-s.connections }()
			of, jobs := take()
			if panics {
				panic("planted")
			}
			if len(jobs) > 1 && (fails || of.Err() != nil) {
				return true
			}
			for _, j := range jobs {
				j.done.Add(1)
				runtime.Gosched()
				if j.over.Load() {
					s.late.Add(1)
				}
			}
			return false
		})
	}()
	// Of one that was taken down others make use all the same.
	j.over.Store(!task.down)
	if n := j.done.Load(); n > 1 || err != nil && n > 0 {
		s.twice.Add(1)
	}
}

// TestCallersOfAllKindsComeBack: each call is done at most once, and not after it has returned,
// whoever else waits, gives up or is ended by a panic.
func TestCallersOfAllKindsComeBack(t *testing.T) {
	for round := range 16 {
		s := &stress{connections: make(chan struct{}, 1+round%3), Queue: groupcommit.New[*job](groupcommit.Config{
			Name: "test", Calls: 2 + round%7, Size: 50, Patience: time.Duration(round%2) * 20 * time.Microsecond,
		})}
		var all sync.WaitGroup
		for caller := range 24 {
			all.Go(func() {
				draw := rand.New(rand.NewPCG(uint64(round), uint64(caller))).IntN
				for range 100 {
					s.call(t.Context(), draw)
				}
			})
		}
		if round%5 == 4 {
			s.Close(context.DeadlineExceeded)
		}
		back := make(chan struct{})
		go func() { all.Wait(); close(back) }()
		select {
		case <-back:
		case <-time.After(time.Minute):
			require.FailNow(t, "a caller does not come back", "round %d", round)
		}
		require.Zero(t, s.twice.Load(), "round %d: done twice, or done and refused", round)
		require.Zero(t, s.late.Load(), "round %d: done after it had returned", round)
	}
}
