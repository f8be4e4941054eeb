// Package benchtest measures stores beside raw baselines, which do the least work for the
// same guarantee with the bare driver or the bare operating system.
//
// Short turns of the store and of its baseline alternate within one benchmark, so that
// whatever else the machine does falls on both. What is reported is the time of an
// operation of each, and as "of-raw" how many operations the store does while the baseline
// does one: the median over all pairs of turns.
package benchtest

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// Clients are the numbers of goroutines that work at the same time.
func Clients() []int { return []int{1, 8, 32} }

// shortestTurn is how long a turn takes at least: the start of its goroutines must not
// count.
const shortestTurn = 5 * time.Millisecond

// side is the store or its baseline in a comparison.
type side struct {
	clients int
	work    func(client int)

	ops   int
	spent time.Duration
	// allocs and bytes are what was allocated.
	allocs, bytes uint64
}

// turn lets each client do so many operations, and returns how long that took.
func (s *side) turn(b *testing.B, each int) time.Duration {
	b.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := b.Elapsed()
	var group sync.WaitGroup
	for client := range s.clients {
		group.Go(func() {
			for range each {
				s.work(client)
			}
		})
	}
	group.Wait()
	took := b.Elapsed() - begin
	runtime.ReadMemStats(&after)
	s.ops, s.spent = s.ops+each*s.clients, s.spent+took
	s.allocs, s.bytes = s.allocs+after.Mallocs-before.Mallocs, s.bytes+after.TotalAlloc-before.TotalAlloc
	return took
}

// Beside compares what clients do to a store, and to its baseline, at the same time.
// Each call is one operation; the calls of one client come one after the other.
// Iterations of the benchmark are pairs of turns. renew, if not nil, is called before each
// pair.
func Beside(b *testing.B, clients int, renew func(), store, raw func(client int)) {
	b.Helper()
	ours, bare := side{clients: clients, work: store}, side{clients: clients, work: raw}
	each := 1
	for {
		if renew != nil {
			renew()
		}
		// The baseline is the faster one, and warms up as well.
		ours.turn(b, each)
		if bare.turn(b, each) >= shortestTurn {
			break
		}
		each *= 2
	}
	ours, bare = side{clients: clients, work: store}, side{clients: clients, work: raw}
	var ratios []float64
	for b.Loop() {
		if renew != nil {
			renew()
		}
		// Whoever comes second finds the caches warm.
		order := []*side{&ours, &bare}
		if len(ratios)%2 == 1 {
			order[0], order[1] = order[1], order[0]
		}
		took := map[*side]time.Duration{}
		for _, s := range order {
			took[s] = s.turn(b, each)
		}
		ratios = append(ratios, float64(took[&bare])/float64(max(1, took[&ours])))
	}
	report(b, &ours, &bare, ratios)
}

func report(b *testing.B, ours, bare *side, ratios []float64) {
	b.Helper()
	slices.SortFunc(ratios, cmp.Compare[float64])
	b.ReportMetric(0, "ns/op") // of a pair of turns: it says nothing
	b.ReportMetric(ratios[len(ratios)/2], "of-raw")
	for name, s := range map[string]*side{"store": ours, "raw": bare} {
		b.ReportMetric(float64(s.spent.Nanoseconds())/float64(s.ops), name+"-ns/op")
		b.ReportMetric(float64(s.allocs)/float64(s.ops), name+"-allocs/op")
		b.ReportMetric(float64(s.bytes)/float64(s.ops), name+"-B/op")
	}
}
