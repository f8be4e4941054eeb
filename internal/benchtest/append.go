package benchtest

import (
	"fmt"
	"testing"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/ledger"
)

// Shape is what a batch is like.
type Shape struct {
	// Streams is the number of streams, Events that of events for each of them.
	Streams, Events int
}

// Adder appends a batch.
type Adder func(eventcore.Writes) error

// mostEvents is how many events a place gets at most: it must not outgrow the machine.
const mostEvents = 200_000

// Append benchmarks appends of one event, of ten, and to two streams. Each client has
// streams of its own. open returns how a store and its baseline append to new places;
// it is called again when those are full.
func Append(b *testing.B, open func(b *testing.B, shape Shape) (store, raw Adder)) {
	b.Helper()
	for _, shape := range []Shape{{1, 1}, {1, 10}, {2, 1}} {
		for _, clients := range Clients() {
			b.Run(fmt.Sprintf("streams=%d/events=%d/clients=%d", shape.Streams, shape.Events, clients), func(b *testing.B) {
				ours, bare := newAppender(b, clients, shape), newAppender(b, clients, shape)
				renew := func() {
					if ours.add != nil && ours.events() < mostEvents {
						return
					}
					ours.add, bare.add = open(b, shape)
					clear(ours.versions)
					clear(bare.versions)
				}
				Beside(b, clients, renew, ours.append, bare.append)
			})
		}
	}
}

// appender appends as versions go up.
type appender struct {
	b        *testing.B
	add      Adder
	shape    Shape
	streams  [][]eventcore.StreamID
	versions []eventcore.Version
	list     []eventcore.Proposed
}

func newAppender(b *testing.B, clients int, shape Shape) *appender {
	b.Helper()
	a := &appender{
		b: b, shape: shape, list: make([]eventcore.Proposed, shape.Events),
		streams: make([][]eventcore.StreamID, clients), versions: make([]eventcore.Version, clients),
	}
	for client := range clients {
		for n := range shape.Streams {
			a.streams[client] = append(a.streams[client], StreamOf(client, n))
		}
	}
	for i := range a.list {
		a.list[i] = event()
	}
	return a
}

// StreamOf returns a stream of a client's own.
func StreamOf(client, n int) eventcore.StreamID {
	return eventcore.MustStreamID(fmt.Sprintf("account-%d-%d", client, n))
}

// event returns an event as most are.
func event() eventcore.Proposed {
	return ledger.Event("deposited", `{"account":"a-1","amount":100,"currency":"EUR"}`)
}

// events returns how many events there are.
func (a *appender) events() int {
	var all eventcore.Version
	for _, v := range a.versions {
		all += v
	}
	return int(all) * a.shape.Streams
}

// append appends the next batch of a client.
func (a *appender) append(client int) {
	var w eventcore.Writes
	for _, id := range a.streams[client] {
		if err := w.Expect(id, a.versions[client]); err != nil {
			a.b.Error(err)
		}
		if err := w.Append(id, a.list...); err != nil {
			a.b.Error(err)
		}
	}
	if err := a.add(w); err != nil {
		a.b.Error(err)
	}
	a.versions[client] += eventcore.Version(a.shape.Events)
}
