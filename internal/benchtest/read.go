package benchtest

import (
	"fmt"
	"testing"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Filled is the number of events that [Fill] appends.
const Filled = 100_000

// FilledAtATime is how many of them are one batch, of one stream.
const FilledAtATime = 1000

// pageLimit is the number of events that a page of the global order has.
const pageLimit = 100

// Fill appends [Filled] events, evenly spread over so many streams of client 0.
func Fill(b *testing.B, s eventcore.Store, streams int) {
	b.Helper()
	list := make([]eventcore.Proposed, FilledAtATime)
	for version := 0; version < Filled/streams; version += len(list) {
		for n := range streams {
			for i := range list {
				list[i] = event()
			}
			var w eventcore.Writes
			if err := w.Expect(StreamOf(0, n), eventcore.Version(version)); err != nil {
				b.Fatal(err)
			}
			if err := w.Append(StreamOf(0, n), list...); err != nil {
				b.Fatal(err)
			}
			if _, err := s.Append(b.Context(), w); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// ReadStream benchmarks reads of the last ten events of a stream of [Filled] events, and
// of all of them. raw reads the events behind a version and returns their number.
func ReadStream(b *testing.B, s eventcore.Store, raw func(stream string, after int64) int) {
	b.Helper()
	for _, events := range []int{10, Filled} {
		after := Filled - events
		for _, clients := range Clients() {
			b.Run(fmt.Sprintf("events=%d/clients=%d", events, clients), func(b *testing.B) {
				Beside(b, clients, nil, func(int) {
					got := 0
					for _, err := range s.ReadStream(b.Context(), StreamOf(0, 0), eventcore.Version(after)) {
						if err != nil {
							b.Error(err)
						}
						got++
					}
					expect(b, got, events)
				}, func(int) { expect(b, raw(StreamOf(0, 0).String(), int64(after)), events) })
			})
		}
	}
}

func expect(b *testing.B, got, want int) {
	b.Helper()
	if got != want {
		b.Errorf("got %d events, want %d", got, want)
	}
}

// ReadAll benchmarks pages of the global order of [Filled] events, one behind the other,
// from each client's own cursor. raw reads the page behind a position, and returns the
// number of its events and the position of the last one.
func ReadAll(b *testing.B, s eventcore.AllReader, raw func(after int64, limit int) (n int, last int64)) {
	b.Helper()
	for _, clients := range Clients() {
		b.Run(fmt.Sprintf("page=%d/clients=%d", pageLimit, clients), func(b *testing.B) {
			ours, bare := make([]eventcore.Position, clients), make([]int64, clients)
			Beside(b, clients, nil, func(client int) {
				// Not in ours, where those of all clients lie side by side: each event would take the
				// cache line from another one.
				got, last := 0, ours[client]
				for e, err := range s.ReadAll(b.Context(), eventcore.Filter{}, last, pageLimit) {
					if err != nil {
						b.Error(err)
					}
					got++
					last = e.Position
				}
				ours[client] = last
				expect(b, got, pageLimit)
				if _, at := ours[client].Parts(); at >= Filled {
					ours[client] = eventcore.Position{}
				}
			}, func(client int) {
				var got int
				got, bare[client] = raw(bare[client], pageLimit)
				expect(b, got, pageLimit)
				if bare[client] >= Filled {
					bare[client] = 0
				}
			})
		})
	}
}
