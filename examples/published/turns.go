package published

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// turns is what one log did in a benchmark.
type turns struct {
	took []time.Duration
	ops  int
	// allocs and bytes are what was allocated in this process: not what a C library did.
	allocs, bytes uint64
}

// take has each client do so many operations, at the same time as the others.
func (t *turns) take(clients, each int, work func(client int)) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			for range each {
				work(client)
			}
		})
	}
	group.Wait()
	t.took = append(t.took, time.Since(began))
	runtime.ReadMemStats(&after)
	t.ops += clients * each
	t.allocs, t.bytes = t.allocs+after.Mallocs-before.Mallocs, t.bytes+after.TotalAlloc-before.TotalAlloc
}

// inTurns lets the logs take turns, so that what else the machine does hits all of them. Each begins as often as any other. What
// is reported is the time of an operation in the median of a log's turns, and what an operation allocates.
func inTurns(b *testing.B, logs []Named, clients, each int, work func(log, client int)) {
	b.Helper()
	did := make([]turns, len(logs))
	for i := range logs { // warms up
		new(turns).take(clients, each, func(client int) { work(i, client) })
	}
	for round := 0; b.Loop(); round++ {
		for n := range logs {
			i := (round + n) % len(logs)
			did[i].take(clients, each, func(client int) { work(i, client) })
		}
	}
	b.ReportMetric(0, "ns/op") // of all of them together: says nothing
	for i, log := range logs {
		slices.Sort(did[i].took)
		median, ops := did[i].took[len(did[i].took)/2], float64(did[i].ops)
		b.ReportMetric(float64(median.Nanoseconds())/float64(clients*each), log.Name+"-ns/op")
		b.ReportMetric(float64(did[i].allocs)/ops, log.Name+"-allocs/op")
		b.ReportMetric(float64(did[i].bytes)/ops, log.Name+"-B/op")
	}
}
