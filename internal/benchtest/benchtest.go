// Package benchtest measures stores beside raw baselines, which do the least work for the
// same guarantee with the bare driver or the bare operating system.
//
// Short turns of the store and of its baseline alternate within one benchmark, so that
// whatever else the machine does falls on both. What is reported is the time of an
// operation of each in the median of its turns, and as "of-raw" how many operations the
// store does while the baseline does one.
package benchtest

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// Clients are the numbers of goroutines that work at the same time.
func Clients() []int { return []int{1, 8, 32} }

// shortestTurn is how long a turn takes at least: the start of its goroutines must not
// count, and what else the machine does is to fall on few turns rather than on all.
const shortestTurn = time.Millisecond

// side is the store or its baseline in a comparison.
type side struct {
	clients int
	work    func(client int)

	ops   int
	turns []time.Duration
	// allocs and bytes are what was allocated.
	allocs, bytes uint64
}

// turn lets each client do so many operations.
func (s *side) turn(b *testing.B, each int) {
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
	s.ops, s.turns = s.ops+each*s.clients, append(s.turns, took)
	s.allocs, s.bytes = s.allocs+after.Mallocs-before.Mallocs, s.bytes+after.TotalAlloc-before.TotalAlloc
}

// median returns the time of an operation.
func (s *side) median() float64 {
	slices.Sort(s.turns)
	return float64(s.turns[len(s.turns)/2].Nanoseconds()) / float64(s.ops/len(s.turns))
}

// Beside compares what clients do to a store, and to its baseline, at the same time.
// Each call is one operation; the calls of one client come one after the other.
// Iterations of the benchmark are pairs of turns. renew, if not nil, is called before each
// pair.
func Beside(b *testing.B, clients int, renew func(), store, raw func(client int)) {
	b.Helper()
	each := operations(b, clients, renew, store, raw)
	ours, bare := side{clients: clients, work: store}, side{clients: clients, work: raw}
	for b.Loop() {
		if renew != nil {
			renew()
		}
		// Whoever comes second finds the caches warm.
		first, second := &ours, &bare
		if len(ours.turns)%2 == 1 {
			first, second = second, first
		}
		first.turn(b, each)
		second.turn(b, each)
	}
	b.ReportMetric(0, "ns/op") // of a pair of turns: it says nothing
	b.ReportMetric(bare.median()/ours.median(), "of-raw")
	for name, s := range map[string]*side{"store": &ours, "raw": &bare} {
		b.ReportMetric(s.median(), name+"-ns/op")
		b.ReportMetric(float64(s.allocs)/float64(s.ops), name+"-allocs/op")
		b.ReportMetric(float64(s.bytes)/float64(s.ops), name+"-B/op")
	}
}

// operations returns how many operations of each client make a turn long enough. It warms
// both up.
func operations(b *testing.B, clients int, renew func(), store, raw func(client int)) int {
	b.Helper()
	for each := 1; ; each *= 2 {
		if renew != nil {
			renew()
		}
		ours, bare := side{clients: clients, work: store}, side{clients: clients, work: raw}
		ours.turn(b, each)
		bare.turn(b, each)
		if min(ours.turns[0], bare.turns[0]) >= shortestTurn {
			return each
		}
	}
}
