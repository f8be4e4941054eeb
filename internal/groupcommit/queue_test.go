package groupcommit_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// call is done in the group with that number.
type call struct{ id, size, group int }

func (c *call) Size() int { return c.size }

// worker carries out groups and notes them.
type worker struct {
	*groupcommit.Queue[*call]
	mu     sync.Mutex
	groups [][]int
	// during is called while a group is under way.
	during func(ctx context.Context, ids []int) (again bool)
}

func newWorker(cfg groupcommit.Config, during func(ctx context.Context, ids []int) (again bool)) *worker {
	return &worker{Queue: groupcommit.New[*call](cfg), during: during}
}

func (w *worker) do(ctx context.Context, c *call) error {
	return w.Do(ctx, c, func(take func() (context.Context, []*call)) bool {
		ctx, calls := take()
		ids := make([]int, 0, len(calls))
		for _, c := range calls {
			ids = append(ids, c.id)
		}
		w.mu.Lock()
		w.groups = append(w.groups, ids)
		number := len(w.groups)
		w.mu.Unlock()
		if w.during(ctx, ids) {
			return true
		}
		for _, c := range calls {
			c.group = number
		}
		return false
	})
}

func groupsOf(calls int) groupcommit.Config {
	return groupcommit.Config{Name: "test", Calls: calls, Size: 100}
}

// queue has calls come one after the other and waits until each waits.
func (w *worker) queue(t *testing.T, calls ...*call) *sync.WaitGroup {
	t.Helper()
	var all sync.WaitGroup
	for _, c := range calls {
		all.Go(func() { _ = w.do(t.Context(), c) })
		synctest.Wait()
	}
	return &all
}

func TestThoseWhoComeMeanwhileAreDoneTogetherInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		w := newWorker(groupsOf(4), func(context.Context, []int) bool { <-end; return false })
		all := w.queue(t, &call{id: 1}, &call{id: 2}, &call{id: 3}, &call{id: 4}, &call{id: 5}, &call{id: 6}, &call{id: 7, size: 60}, &call{id: 8, size: 60})
		close(end)
		all.Wait()
		require.Equal(t, [][]int{{1}, {2, 3, 4, 5}, {6, 7}, {8}}, w.groups)
	})
}

func TestACallGreaterThanAGroupIsDoneByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		w := newWorker(groupsOf(4), func(context.Context, []int) bool { <-end; return false })
		all := w.queue(t, &call{id: 1}, &call{id: 2, size: 101}, &call{id: 3})
		close(end)
		all.Wait()
		require.Equal(t, [][]int{{1}, {2}, {3}}, w.groups)
	})
}

func TestGroupsOfOneDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		w := newWorker(groupsOf(1), func(context.Context, []int) bool { <-end; return false })
		all := w.queue(t, &call{id: 1}, &call{id: 2})
		require.Equal(t, [][]int{{1}, {2}}, w.groups, "both are under way")
		close(end)
		all.Wait()
	})
}

func TestAGroupThatCameToNothingIsDoneOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		w := newWorker(groupsOf(9), func(_ context.Context, ids []int) bool {
			<-end
			return slices.Contains(ids, 3)
		})
		calls := []*call{{id: 1}, {id: 2}, {id: 3}, {id: 4}}
		all := w.queue(t, calls...)
		go func() { _ = w.do(t.Context(), &call{id: 5}) }()
		synctest.Wait()
		close(end)
		all.Wait()
		synctest.Wait()
		require.Equal(t, [][]int{{1}, {2, 3, 4, 5}, {2}, {3}, {4}, {5}}, w.groups)
		require.Zero(t, calls[2].group)
		require.Equal(t, 5, calls[3].group)
	})
}

func TestACallLeavesTheQueueWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		w := newWorker(groupsOf(9), func(context.Context, []int) bool { <-end; return false })
		all := w.queue(t, &call{id: 1})
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() { failed <- w.do(ctx, &call{id: 2}) }()
		synctest.Wait()
		more := w.queue(t, &call{id: 3})
		cancel()
		require.ErrorIs(t, <-failed, context.Canceled)
		close(end)
		all.Wait()
		more.Wait()
		require.Equal(t, [][]int{{1}, {3}}, w.groups)
	})
}

// What a call has handed over is in use until its group has ended.
func TestAContextThatEndsCancelsTheGroupAndWaitsForItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, rolledBack := make(chan struct{}), make(chan struct{})
		w := newWorker(groupsOf(9), func(ctx context.Context, ids []int) bool {
			<-begin
			if len(ids) == 1 {
				return false
			}
			<-ctx.Done()
			<-rolledBack
			return true
		})
		all := w.queue(t, &call{id: 1}, &call{id: 2})
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() { failed <- w.do(ctx, &call{id: 3}) }()
		synctest.Wait()
		more := w.queue(t, &call{id: 4})
		close(begin)
		synctest.Wait()
		cancel()
		synctest.Wait()
		require.Empty(t, failed, "its group has not ended")
		close(rolledBack)
		require.ErrorIs(t, <-failed, context.Canceled)
		all.Wait()
		more.Wait()
		require.Equal(t, [][]int{{1}, {2, 3, 4}, {2}, {4}}, w.groups)
	})
}

func TestWhoLosesPatienceGoesOnWithAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		w := newWorker(groupcommit.Config{Calls: 9, Size: 100, Patience: time.Second}, func(_ context.Context, ids []int) bool {
			if ids[0] == 1 {
				<-stuck
			}
			return false
		})
		began := time.Now()
		first := w.queue(t, &call{id: 1})
		others := w.queue(t, &call{id: 2}, &call{id: 3})
		others.Wait()
		require.Equal(t, time.Second, time.Since(began))
		require.Len(t, w.groups, 2)
		require.ElementsMatch(t, []int{2, 3}, w.groups[1])
		w.queue(t, &call{id: 4}).Wait()
		require.Equal(t, time.Second, time.Since(began), "nobody waits for the stuck one any more")
		close(stuck)
		first.Wait()
		w.queue(t, &call{id: 5}).Wait()
		require.Equal(t, [][]int{{4}, {5}}, w.groups[2:])
	})
}

func TestAPanicEndsItsGroupAndTheNextGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		w := newWorker(groupsOf(2), func(_ context.Context, ids []int) bool {
			<-end
			if ids[0] == 2 {
				panic("planted")
			}
			return false
		})
		first := w.queue(t, &call{id: 1})
		panicked := make(chan any, 1)
		go func() {
			defer func() { panicked <- recover() }()
			_ = w.do(t.Context(), &call{id: 2})
		}()
		synctest.Wait()
		third, fourth := &call{id: 3}, &call{id: 4}
		others := w.queue(t, third, fourth)
		close(end)
		require.Equal(t, "planted", <-panicked)
		first.Wait()
		others.Wait()
		require.Zero(t, third.group, "nobody knows what became of it")
		require.Equal(t, 3, fourth.group)
	})
}

// downAt is a simulated task that is taken down by a panic where it waits.
type downAt struct{ down chan struct{} }

func (*downAt) Yield(string) {}

func (d *downAt) Wait(string, func() bool) {
	<-d.down
	panic("taken down")
}

// wait has a call wait that is taken down when down is closed, and returns what is closed then.
func (d *downAt) wait(t *testing.T, w *worker, c *call) (over chan struct{}) {
	t.Helper()
	over = make(chan struct{})
	go func() {
		defer close(over)
		defer func() { _ = recover() }()
		_ = w.do(yield.NewContext(t.Context(), d), c)
	}()
	synctest.Wait()
	return over
}

func TestNobodyWaitsForACallThatWasTakenDown(t *testing.T) {
	for name, when := range map[string]struct {
		// first: the group before has ended by then. again: the call is in one that comes to nothing.
		first, again bool
		groups       [][]int
	}{
		"in the queue":            {groups: [][]int{{1}, {3}}},
		"when it was to lead":     {first: true, groups: [][]int{{1}, {3}}},
		"in one that comes again": {first: true, again: true, groups: [][]int{{1}, {0, 2, 3}, {0}, {3}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				end, second := make(chan struct{}), make(chan struct{})
				w := newWorker(groupsOf(9), func(_ context.Context, ids []int) bool {
					if ids[0] == 1 {
						<-end
						return false
					}
					if len(ids) > 1 {
						<-second
						return true
					}
					return false
				})
				task := &downAt{make(chan struct{})}
				all := []*sync.WaitGroup{w.queue(t, &call{id: 1})}
				if when.again {
					all = append(all, w.queue(t, &call{id: 0}))
				}
				over := task.wait(t, w, &call{id: 2})
				all = append(all, w.queue(t, &call{id: 3}))
				if when.first {
					close(end)
					synctest.Wait()
				}
				close(task.down)
				<-over
				if !when.first {
					close(end)
				}
				close(second)
				for _, one := range all {
					one.Wait()
				}
				require.Equal(t, when.groups, w.groups)
			})
		})
	}
}

func TestAQueueThatIsClosedTurnsAwayThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed, end := errors.New("closed"), make(chan struct{})
		w := newWorker(groupsOf(9), func(context.Context, []int) bool { <-end; return false })
		first := w.queue(t, &call{id: 1})
		failed := make(chan error, 1)
		go func() { failed <- w.do(t.Context(), &call{id: 2}) }()
		synctest.Wait()
		w.Close(closed)
		require.ErrorIs(t, <-failed, closed)
		close(end)
		first.Wait()
		require.Equal(t, [][]int{{1}}, w.groups)
	})
}

func TestALeaderThatTakesNobodyLeavesTheOthersInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused, end := errors.New("no connection"), make(chan struct{})
		q := groupcommit.New[*call](groupsOf(9))
		var got error
		first := make(chan error, 1)
		go func() {
			first <- q.Do(t.Context(), &call{id: 1}, func(func() (context.Context, []*call)) bool {
				<-end
				got = refused
				return false
			})
		}()
		synctest.Wait()
		second := make(chan []*call, 1)
		go func() {
			_ = q.Do(t.Context(), &call{id: 2}, func(take func() (context.Context, []*call)) bool {
				_, calls := take()
				second <- calls
				return false
			})
		}()
		synctest.Wait()
		require.Empty(t, second)
		close(end)
		require.NoError(t, <-first)
		require.ErrorIs(t, got, refused)
		require.Len(t, <-second, 1)
	})
}

// Each call is done once, or not at all where its context has ended, whatever comes together.
func TestCallsAreDoneOnce(t *testing.T) {
	var done [64][200]atomic.Int32
	w := groupcommit.New[*call](groupcommit.Config{Calls: 7, Size: 1000, Patience: time.Microsecond})
	var all sync.WaitGroup
	for client := range done {
		all.Go(func() {
			for i := range done[client] {
				ctx, cancel := context.WithCancel(t.Context())
				if i%5 == 0 {
					go cancel()
				}
				c := &call{id: client*1000 + i, size: i}
				err := w.Do(ctx, c, func(take func() (context.Context, []*call)) bool {
					ctx, calls := take()
					if len(calls) > 1 && (ctx.Err() != nil || i%7 == 0) {
						return true
					}
					for _, c := range calls {
						done[c.id/1000][c.id%1000].Add(1)
					}
					return false
				})
				cancel()
				if err != nil {
					done[client][i].Add(1)
				}
			}
		})
	}
	all.Wait()
	for client := range done {
		for i := range done[client] {
			require.EqualValues(t, 1, done[client][i].Load(), "client %d, call %d", client, i)
		}
	}
}

func BenchmarkOneCaller(b *testing.B) {
	q := groupcommit.New[*call](groupsOf(9))
	ctx, c := b.Context(), &call{}
	b.ReportAllocs()
	for b.Loop() {
		_ = q.Do(ctx, c, func(take func() (context.Context, []*call)) bool { take(); return false })
	}
}
