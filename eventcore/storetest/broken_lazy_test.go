package storetest_test

import (
	"runtime"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func brokenLaziness() []broken {
	collects := func(events seq) seq {
		return func(yield func(eventcore.Recorded, error) bool) { yieldAll(copied(collect(events)))(yield) }
	}
	return []broken{
		{"collects a stream before it yields", []string{"R-LAZY-01"}, wrapRead(collects)},
		{"collects the global order before it yields", []string{"R-LAZY-01"}, wrapAll(collects)},
		{"keeps what it has yielded of a stream until the end", []string{"R-LAZY-01"}, wrapRead(keeps)},
		{"keeps what it has yielded of the global order until the end", []string{"R-LAZY-01"}, wrapAll(keeps)},
		{"reads all of a stream to tell how much there is", []string{"R-LAZY-01"}, wrapRead(counts)},
		{"reads all of the global order to tell how much there is", []string{"R-LAZY-01"}, wrapAll(counts)},
	}
}

// copied returns events with slices of their own, as a store reads them from a file.
func copied(events []eventcore.Recorded) []eventcore.Recorded {
	for i := range events {
		events[i].Data = append([]byte(nil), events[i].Data...)
	}
	return events
}

func keeps(events seq) seq {
	return func(yield func(eventcore.Recorded, error) bool) {
		var kept []eventcore.Recorded
		for e, err := range events {
			if kept = append(kept, e); !yield(e, err) {
				return
			}
		}
		runtime.KeepAlive(kept)
	}
}

func counts(events seq) seq {
	return func(yield func(eventcore.Recorded, error) bool) {
		if len(collect(events)) > 0 {
			events(yield)
		}
	}
}
