package coro_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim/internal/coro"
)

func each(t *testing.T, test func(t *testing.T, s coro.Switcher)) {
	t.Run("pull", func(t *testing.T) { test(t, &coro.Pull{}) })
	t.Run("baton", func(t *testing.T) { test(t, coro.Baton{}) })
}

func TestResumeRunsToTheNextSuspension(t *testing.T) {
	each(t, func(t *testing.T, s coro.Switcher) {
		var log []string
		make2 := func(name string) coro.Coroutine {
			return s.New(func(suspend func()) {
				log = append(log, name+"1")
				suspend()
				log = append(log, name+"2")
			})
		}
		a, b := make2("a"), make2("b")
		require.True(t, a.Resume())
		require.True(t, b.Resume())
		require.False(t, b.Resume())
		require.False(t, a.Resume())
		require.False(t, a.Resume(), "a finished coroutine stays finished")
		require.Equal(t, []string{"a1", "b1", "b2", "a2"}, log)
	})
}

func TestStopRunsDeferredCallsAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, s coro.Switcher) {
		var log []string
		c := s.New(func(suspend func()) {
			defer func() { log = append(log, "deferred") }()
			suspend()
			log = append(log, "never")
		})
		require.True(t, c.Resume())
		c.Stop()
		c.Stop()
		require.Equal(t, []string{"deferred"}, log)
		require.False(t, c.Resume())
	})
}

func TestStopBeforeTheFirstResumeRunsNothing(t *testing.T) {
	each(t, func(t *testing.T, s coro.Switcher) {
		ran := false
		c := s.New(func(func()) { ran = true })
		c.Stop()
		require.False(t, c.Resume())
		require.False(t, ran)
	})
}

func TestPanicReachesTheResumer(t *testing.T) {
	each(t, func(t *testing.T, s coro.Switcher) {
		c := s.New(func(suspend func()) {
			suspend()
			panic("broken backend")
		})
		require.True(t, c.Resume())
		require.PanicsWithValue(t, "broken backend", func() { c.Resume() })
		require.False(t, c.Resume())
	})
}

func TestTheEndOfItsGoroutineReachesTheResumer(t *testing.T) {
	each(t, func(t *testing.T, s coro.Switcher) {
		c := s.New(func(suspend func()) {
			suspend()
			runtime.Goexit()
		})
		returned := false
		var resuming sync.WaitGroup
		resuming.Go(func() {
			if c.Resume() {
				c.Resume()
				returned = true
			}
		})
		resuming.Wait()
		require.False(t, returned)
	})
}

func TestPullUsesCoroutinesAgain(t *testing.T) {
	before := runtime.NumGoroutine()
	pool := &coro.Pull{}
	ran := 0
	for i := range 100 {
		c := pool.New(func(suspend func()) {
			ran++
			suspend()
			if i%3 == 1 {
				panic(i)
			}
			suspend()
			ran++
		})
		require.True(t, c.Resume())
		switch i % 3 {
		case 0:
			require.True(t, c.Resume())
			require.False(t, c.Resume())
		case 1:
			require.PanicsWithValue(t, i, func() { c.Resume() })
		case 2:
			c.Stop()
		}
		require.False(t, c.Resume(), "the coroutine has another function now, or none")
		c.Stop()
	}
	require.Equal(t, 100+34, ran)
	require.LessOrEqual(t, runtime.NumGoroutine(), before+1) // those of other tests may end meanwhile
	pool.Close()
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}

func TestAStoppedFunctionDoesNotParkAgain(t *testing.T) {
	each(t, func(t *testing.T, s coro.Switcher) {
		parked := false
		c := s.New(func(suspend func()) {
			defer func() {
				suspend()
				parked = true
			}()
			suspend()
		})
		require.True(t, c.Resume())
		c.Stop()
		require.False(t, parked)
		require.False(t, c.Resume())
	})
}

func BenchmarkSwitch(b *testing.B) {
	for name, s := range map[string]coro.Switcher{"pull": &coro.Pull{}, "baton": coro.Baton{}} {
		b.Run(name, func(b *testing.B) {
			c := s.New(func(suspend func()) {
				for {
					suspend()
				}
			})
			b.ReportAllocs()
			for b.Loop() {
				c.Resume()
			}
			c.Stop()
		})
	}
}
