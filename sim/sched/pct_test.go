package sched_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim/sched"
)

// toy is a program of two tasks of the same length whose shared variable is set in the
// order of their steps. It returns whether its bug showed.
type toy struct {
	// length is the number of steps of each task.
	length int
	// bug says whether the bug shows in a schedule, in which task i did its step k as
	// number at[i][k] of all.
	bug func(at [2][]int) bool
}

// hits returns in what part of n runs the bug shows.
func (p toy) hits(n int, scheduler func(r *rand.Rand) sched.Scheduler) float64 {
	found := 0
	for seed := range n {
		s := scheduler(rand.New(rand.NewPCG(uint64(seed)*0x9e3779b97f4a7c15, uint64(seed)*0xd1342543de82ef95)))
		var at [2][]int
		for now := range 2 * p.length {
			var runnable []int
			for id := range at {
				if len(at[id]) < p.length {
					runnable = append(runnable, id)
				}
			}
			id := runnable[s.Next(runnable)]
			at[id] = append(at[id], now)
		}
		if p.bug(at) {
			found++
		}
	}
	return float64(found) / float64(n)
}

// The bound of the paper on programs whose bug has a known depth, in its worst place, and
// what a random walk makes of them.
func TestPCTFindsBugsOfItsDepthAsOftenAsItGuarantees(t *testing.T) {
	const length = 12
	for _, test := range []struct {
		depth int
		bug   func(at [2][]int) bool
	}{
		// The last step of the first task comes before the first of the other one.
		{1, func(at [2][]int) bool { return at[0][length-1] < at[1][0] }},
		// Between two steps of the first one, late in it, the whole of the other one.
		{2, func(at [2][]int) bool {
			return at[0][length-2] < at[1][0] && at[1][length-1] < at[0][length-1]
		}},
		// The same, but the first task gets in between once more.
		{3, func(at [2][]int) bool {
			return at[0][2] < at[1][0] && at[1][length-3] < at[0][3] && at[0][length-1] < at[1][length-2]
		}},
	} {
		t.Run(fmt.Sprintf("depth %d", test.depth), func(t *testing.T) {
			p, steps, runs := toy{length, test.bug}, 2*length, 30_000
			bound := 1 / (2 * math.Pow(float64(steps), float64(test.depth-1)))
			pct := p.hits(runs, func(r *rand.Rand) sched.Scheduler { return sched.NewPCT(r, test.depth, steps) })
			random := p.hits(runs, sched.NewRandom)
			t.Logf("guaranteed %.5f, PCT %.5f, random %.5f", bound, pct, random)
			// Three standard deviations of so many runs.
			require.Greater(t, pct, bound-3*math.Sqrt(bound/float64(runs)))
			require.Less(t, random, pct/10)

			shallow := p.hits(runs, func(r *rand.Rand) sched.Scheduler { return sched.NewPCT(r, test.depth-1, steps) })
			if test.depth > 1 {
				require.Zero(t, shallow, "the bug is not as deep as it is said to be")
			}
		})
	}
}

func TestPCTIsFixedBySeedAndSkipsWhoCannotRun(t *testing.T) {
	walk := func(seed uint64) []int {
		s := sched.NewPCT(rand.New(rand.NewPCG(seed, 1)), 3, 20)
		return append(picks(s, []int{0, 1, 2}, 50), picks(s, []int{1, 4}, 50)...)
	}
	first := walk(1)
	require.Equal(t, first, walk(1))
	require.NotEqual(t, walk(1), walk(2))
	require.NotContains(t, walk(1)[50:], 0)
	require.NotContains(t, walk(1)[50:], 2)
}

// The bound is lost if more happens by chance than the depth asks for.
func TestPCTSwitchesNoOftenerThanItsDepthInARound(t *testing.T) {
	for seed := range uint64(200) {
		s := sched.NewPCT(rand.New(rand.NewPCG(seed, 1)), 4, 100)
		switches := 0
		ids := picks(s, []int{0, 1, 2, 3, 4}, 100)
		for i := range ids[1:] {
			if ids[i] != ids[i+1] {
				switches++
			}
		}
		require.LessOrEqual(t, switches, 3, "seed %d", seed)
	}
}

// A task that waits for another one by trying again and again can always run.
func TestPCTLetsNobodySpinForEver(t *testing.T) {
	for seed := range uint64(100) {
		s, err := sched.New("pct-3", rand.New(rand.NewPCG(seed, 1)))
		require.NoError(t, err)
		released := picks(s, []int{0, 1, 2}, 10_000)
		for _, id := range []int{0, 1, 2} {
			require.Contains(t, released, id, "seed %d", seed)
		}
	}
}

func TestDepthsOfPCTAreInItsName(t *testing.T) {
	for _, name := range []string{"pct-1", "pct-3", "pct-20"} {
		_, err := sched.New(name, nil)
		require.NoError(t, err)
	}
	for _, name := range []string{"pct", "pct-", "pct-0", "pct-21", "pct-03", "pct-+3", "pct--1"} {
		_, err := sched.New(name, nil)
		require.ErrorContains(t, err, fmt.Sprintf("unknown scheduler %q", name))
	}
	require.Equal(t, "pct-5", sched.PCT(5))
}

func BenchmarkNext(b *testing.B) {
	for _, info := range sched.All() {
		for _, tasks := range []int{4, 16} {
			b.Run(fmt.Sprintf("%s/tasks=%d", info.Name, tasks), func(b *testing.B) {
				s, err := sched.New(info.Name, rand.New(rand.NewPCG(1, 1)))
				require.NoError(b, err)
				runnable := make([]int, tasks)
				for i := range runnable {
					runnable[i] = i
				}
				b.ReportAllocs()
				for b.Loop() {
					s.Next(runnable)
				}
			})
		}
	}
}
