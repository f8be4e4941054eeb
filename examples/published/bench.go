package published

import (
	"fmt"
	"sync"
	"testing"
)

// Named is a log and what the figures call it.
type Named struct {
	Name string
	Log
}

// Connections is how many connections each log may use at most: two for each client, as kine needs.
const Connections = 16

const (
	// filled is the number of events that reads find, evenly spread over streams.
	filled, streams = 10_000, 8
	// page and tail are the numbers of events of a read.
	page, tail = 100, 10
	// each is the number of operations of a client in a turn.
	each = 8
)

func clientsOf() []int { return []int{1, 8} }

// payload is that of all events.
const payload = `{"account":"a-1","amount":100,"currency":"EUR"}`

// Appends measures appends of one event to a stream of the client's own. open is called for each number of clients.
func Appends(b *testing.B, open func(b *testing.B) []Named) {
	b.Helper()
	for _, clients := range clientsOf() {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			logs := open(b)
			revisions := make([][]int64, len(logs))
			for i := range revisions {
				revisions[i] = make([]int64, clients)
			}
			inTurns(b, logs, clients, each, func(i, client int) {
				var err error
				at := &revisions[i][client]
				if *at, err = logs[i].Append(b.Context(), streamOf(client), *at, []byte(payload)); err != nil {
					b.Error(err)
				}
			})
		})
	}
}

// Reads measures reads of logs that it fills. ready is called when they are full.
func Reads(b *testing.B, logs []Named, ready func(b *testing.B)) {
	b.Helper()
	all := make([]contents, len(logs))
	for i, log := range logs {
		all[i] = fill(b, log)
	}
	ready(b)
	for _, clients := range clientsOf() {
		at := fmt.Sprintf("/clients=%d", clients)
		b.Run("page=anywhere"+at, func(b *testing.B) {
			pages(b, logs, clients, func(i, n int) Position { return all[i].positions[n*page*7%(filled-page)] })
		})
		b.Run("page=last"+at, func(b *testing.B) {
			pages(b, logs, clients, func(i, _ int) Position { return all[i].positions[filled-page-1] })
		})
		b.Run("tail"+at, func(b *testing.B) {
			ofStreams(b, logs, all, clients, func(log Streams, stream string, revisions []int64) error {
				events, err := log.Tail(b.Context(), stream, revisions[len(revisions)-tail-1])
				if err == nil && len(events) != tail {
					err = fmt.Errorf("%d events", len(events))
				}
				return err
			})
		})
		b.Run("latest"+at, func(b *testing.B) {
			ofStreams(b, logs, all, clients, func(log Streams, stream string, revisions []int64) error {
				event, err := log.Last(b.Context(), stream, revisions[len(revisions)-1])
				if err == nil && len(event.Data) != len(payload) {
					err = fmt.Errorf("it is %q", event.Data)
				}
				return err
			})
		})
	}
}

// contents is where the events of a log are.
type contents struct {
	// positions are those of all events, revisions those of each stream.
	positions []Position
	revisions [streams][]int64
}

// fill appends what is read.
func fill(b *testing.B, log Log) (c contents) {
	b.Helper()
	var group sync.WaitGroup
	for stream := range streams {
		group.Go(func() {
			var revision int64
			for range filled / streams {
				var err error
				if revision, err = log.Append(b.Context(), streamOf(stream), revision, []byte(payload)); err != nil {
					b.Error(err)
					return
				}
				c.revisions[stream] = append(c.revisions[stream], revision)
			}
		})
	}
	group.Wait()
	var last Position
	for len(c.positions) < filled {
		events, err := log.Page(b.Context(), last, 1000)
		if err != nil {
			b.Fatal(err)
		}
		if len(events) == 0 {
			b.Fatalf("there are %d events, not %d", len(c.positions), filled)
		}
		for _, event := range events {
			last = event.At
			c.positions = append(c.positions, last)
		}
	}
	return c
}

// pages reads behind the position that at returns for a log and the number of its read.
func pages(b *testing.B, logs []Named, clients int, at func(i, n int) Position) {
	b.Helper()
	counts := make([][]int, len(logs))
	for i := range counts {
		counts[i] = make([]int, clients)
	}
	inTurns(b, logs, clients, each, func(i, client int) {
		n := &counts[i][client]
		*n++
		events, err := logs[i].Page(b.Context(), at(i, *n*clients+client), page)
		if err != nil || len(events) != page {
			b.Errorf("%s: %d events: %v", logs[i].Name, len(events), err)
		}
	})
}

// ofStreams has each client read from a stream of its own, whose events are at the revisions.
func ofStreams(b *testing.B, logs []Named, all []contents, clients int, read func(log Streams, stream string, revisions []int64) error) {
	b.Helper()
	logs, all = withStreams(logs, all)
	inTurns(b, logs, clients, each, func(i, client int) {
		if err := read(logs[i].Log.(Streams), streamOf(client), all[i].revisions[client]); err != nil {
			b.Errorf("%s: %v", logs[i].Name, err)
		}
	})
}

// withStreams returns the logs that know streams.
func withStreams(logs []Named, all []contents) (some []Named, theirs []contents) {
	for i, log := range logs {
		if _, ok := log.Log.(Streams); ok {
			some, theirs = append(some, log), append(theirs, all[i])
		}
	}
	return some, theirs
}
