package sched_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/sim/sched"
)

func picks(s sched.Scheduler, runnable []int, n int) []int {
	ids := make([]int, 0, n)
	for range n {
		ids = append(ids, runnable[s.Next(runnable)])
	}
	return ids
}

func TestRoundRobinTakesTurnsAndSkipsWhoCannotRun(t *testing.T) {
	s := sched.NewRoundRobin()
	require.Equal(t, []int{0, 1, 2, 0}, picks(s, []int{0, 1, 2}, 4))
	require.Equal(t, []int{2, 0, 2}, picks(s, []int{0, 2}, 3))
	require.Equal(t, []int{5, 5}, picks(s, []int{5}, 2))
}

func TestRandomIsFixedBySeedAndReachesEveryTask(t *testing.T) {
	tasks := []int{1, 4, 9}
	a := picks(sched.NewRandom(rand.New(rand.NewPCG(1, 2))), tasks, 300)
	b := picks(sched.NewRandom(rand.New(rand.NewPCG(1, 2))), tasks, 300)
	other := picks(sched.NewRandom(rand.New(rand.NewPCG(2, 2))), tasks, 300)
	require.Equal(t, a, b)
	require.NotEqual(t, a, other)
	for _, id := range tasks {
		count := 0
		for _, picked := range a {
			if picked == id {
				count++
			}
		}
		require.InDelta(t, 100, count, 40, "task %d", id)
	}
}

func TestReplayFollowsThenSaysWhereItLeft(t *testing.T) {
	s := sched.NewReplay([]int{2, 0, 7, 2}, sched.NewRoundRobin())
	require.Equal(t, []int{2, 0}, picks(s, []int{0, 1, 2}, 2))
	_, diverged := s.Followed()
	require.False(t, diverged)

	picks(s, []int{0, 1, 2}, 1)
	steps, diverged := s.Followed()
	require.True(t, diverged)
	require.Equal(t, 2, steps)
}

func TestReplayGoesOnAfterItsEnd(t *testing.T) {
	s := sched.NewReplay([]int{1}, sched.NewRoundRobin())
	require.Equal(t, []int{1, 0, 1}, picks(s, []int{0, 1}, 3))
	steps, diverged := s.Followed()
	require.Equal(t, 1, steps)
	require.False(t, diverged)
}

func TestNewNamesTheKnownSchedulers(t *testing.T) {
	for _, info := range sched.All() {
		s, err := sched.New(info.Name, rand.New(rand.NewPCG(1, 1)))
		require.NoError(t, err)
		require.NotNil(t, s)
	}
	_, err := sched.New("fair", nil)
	require.EqualError(t, err, `unknown scheduler "fair"; known: random, round-robin, pct-1 to pct-20`)
}

func TestScheduleTextRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		choices := rapid.SliceOf(rapid.IntRange(0, 3)).Draw(t, "choices")
		parsed, err := sched.Parse(sched.Format(choices))
		require.NoError(t, err)
		require.Equal(t, append([]int{}, choices...), parsed)
	})
	require.Equal(t, "0x2 1 0", sched.Format([]int{0, 0, 1, 0}))
}

func TestBadScheduleTextIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		"1 a":          `schedule: "a" is not a task ID`,
		"-1":           `schedule: "-1" is not a task ID`,
		"1x0":          `schedule: the count in "1x0" is not a positive number`,
		"1x":           `schedule: the count in "1x" is not a positive number`,
		"1 0x10000000": `longer than 10000000 steps`,
	} {
		_, err := sched.Parse(text)
		require.ErrorContains(t, err, want, text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("0x2 1 0")
	f.Add("1x0")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 40 {
			return
		}
		choices, err := sched.Parse(text)
		if err != nil || len(choices) > 1_000_000 {
			return
		}
		again, err := sched.Parse(sched.Format(choices))
		require.NoError(t, err)
		require.Equal(t, choices, again)
	})
}

func TestWishPassesOverWhoCannotRun(t *testing.T) {
	s := sched.NewWish([]int{7, 2, 9, 1})
	require.Equal(t, []int{2, 1}, picks(s, []int{0, 1, 2}, 2))
}

// At the end nobody is interrupted who was not wished to be.
func TestWishGoesOnWithTheLastTaskThenTheFirst(t *testing.T) {
	s := sched.NewWish([]int{2})
	require.Equal(t, []int{2, 2, 2}, picks(s, []int{0, 1, 2}, 3))
	require.Equal(t, []int{0, 0}, picks(s, []int{0, 1}, 2))
}

// While one task alone can run, the wishes for others wait: the set-up of a run would use
// them all up.
func TestWishWaitsWhereThereIsNoChoice(t *testing.T) {
	s := sched.NewWish([]int{1, 0, 5, 1})
	require.Equal(t, []int{5, 5, 5}, picks(s, []int{5}, 3))
	require.Equal(t, []int{1, 0, 1}, picks(s, []int{0, 1}, 3))
}
