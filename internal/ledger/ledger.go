// Package ledger writes deposits into stores and reads them back, for the tests of this
// module.
package ledger

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Event returns an event with metadata.
func Event(kind, data string) eventcore.Proposed {
	return eventcore.Proposed{
		ID: uuid.Must(uuid.NewV7()), Type: kind, Data: []byte(data), Metadata: []byte(`{"correlation":"x"}`),
	}
}

// Batch returns a batch of so many deposits for each of the streams, at a version. Each
// has the version that it gets as its data.
func Batch(tb testing.TB, version eventcore.Version, events int, streams ...eventcore.StreamID) eventcore.Writes {
	tb.Helper()
	var w eventcore.Writes
	for _, id := range streams {
		must(tb, w.Expect(id, version))
		for n := range events {
			must(tb, w.Append(id, Event("deposited", fmt.Sprintf(`{"n":%d}`, int(version)+n+1))))
		}
	}
	return w
}

// Append appends a batch that must be applied.
func Append(tb testing.TB, s eventcore.Store, version eventcore.Version, events int, streams ...eventcore.StreamID) eventcore.Appended {
	tb.Helper()
	done, err := s.Append(tb.Context(), Batch(tb, version, events, streams...))
	must(tb, err)
	return done
}

// Stream returns the events of a stream.
func Stream(tb testing.TB, s eventcore.Store, id eventcore.StreamID) []eventcore.Recorded {
	tb.Helper()
	var all []eventcore.Recorded
	for e, err := range s.ReadStream(tb.Context(), id, 0) {
		must(tb, err)
		all = append(all, e)
	}
	return all
}

// All returns the events of the global order that a filter selects.
func All(tb testing.TB, s eventcore.AllReader, filter eventcore.Filter) []eventcore.Recorded {
	tb.Helper()
	var all []eventcore.Recorded
	for e, err := range s.ReadAll(tb.Context(), filter, eventcore.Position{}, 0) {
		must(tb, err)
		all = append(all, e)
	}
	return all
}

// Positions returns the positions of the events that a filter selects, as numbers.
func Positions(tb testing.TB, s eventcore.AllReader, filter eventcore.Filter) []uint64 {
	tb.Helper()
	return Page(tb, s, filter, 0, 0)
}

// Page is like [Positions], from behind a position on and up to a limit, 0: none.
func Page(tb testing.TB, s eventcore.AllReader, filter eventcore.Filter, after uint64, limit int) []uint64 {
	tb.Helper()
	var all []uint64
	for e, err := range s.ReadAll(tb.Context(), filter, eventcore.NewPosition(0, after), limit) {
		must(tb, err)
		_, position := e.Position.Parts()
		all = append(all, position)
	}
	return all
}

// Prefix parses a prefix.
func Prefix(tb testing.TB, text string) eventcore.StreamPrefix {
	tb.Helper()
	p, err := eventcore.ParseStreamPrefix(text)
	must(tb, err)
	return p
}

// Pattern parses a pattern.
func Pattern(tb testing.TB, glob string) eventcore.StreamPattern {
	tb.Helper()
	p, err := eventcore.ParseStreamPattern(glob)
	must(tb, err)
	return p
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
