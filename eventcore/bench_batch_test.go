package eventcore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// seedStreams returns a store with ten deposits in each of so many streams.
func seedStreams(b *testing.B, ids []eventcore.StreamID, newID eventcore.IDGenerator) *memory.Store {
	b.Helper()
	store := memory.New(memory.Config{Clock: stoppedClock{}})
	for _, id := range ids {
		var w eventcore.Writes
		require.NoError(b, w.Expect(id, 0))
		for range 10 {
			require.NoError(b, w.Append(id, eventcore.Proposed{
				ID: newID.NewEventID(), Type: "deposited", Data: []byte(`{"amount":5}`),
			}))
		}
		_, err := store.Append(b.Context(), w)
		require.NoError(b, err)
	}
	return store
}

// BenchmarkExecuteOnMemory folds ten events and appends one. Every execution has a
// stream of its own: one that is written to again and again would grow.
func BenchmarkExecuteOnMemory(b *testing.B) {
	var ids []eventcore.StreamID
	for n := range 1000 {
		ids = append(ids, eventcore.MustStreamID(fmt.Sprint("account-", n)))
	}
	for _, conflicts := range []int{0, 1} {
		b.Run(fmt.Sprint("conflicts=", conflicts), func(b *testing.B) {
			newID, appends, n := newIDs(), 0, 0
			var store eventcore.Store
			conflictFirst := func(w eventcore.Writes) error {
				if appends++; appends%2 == 1 {
					return conflictOn(w)
				}
				return nil
			}
			options := []eventcore.Option{
				eventcore.WithCodec(bankRegistry(b)), eventcore.WithClock(stoppedClock{}),
				eventcore.WithRandom(fixedRandom()), eventcore.WithIDs(newID),
			}
			b.ReportAllocs()
			for b.Loop() {
				if n%len(ids) == 0 {
					b.StopTimer()
					store = seedStreams(b, ids, newID)
					if conflicts == 1 {
						store = &hookedStore{Store: store, beforeAppend: conflictFirst}
					}
					b.StartTimer()
				}
				command := &withdraw{from: ids[n%len(ids):][:1], amount: 50}
				executed, err := eventcore.Execute(b.Context(), store, command, options...)
				if err != nil || executed.Attempts != conflicts+1 || executed.Read[0].Version != 10 {
					b.Fatal(executed, err)
				}
				n++
			}
		})
	}
}

func BenchmarkWrites(b *testing.B) {
	for _, streams := range []int{1, 3, 20} {
		b.Run(fmt.Sprint("streams=", streams), func(b *testing.B) {
			var ids []eventcore.StreamID
			for n := range streams {
				ids = append(ids, eventcore.MustStreamID(fmt.Sprint("account-", n)))
			}
			event := proposed(1)
			b.ReportAllocs()
			for b.Loop() {
				var w eventcore.Writes
				for _, id := range ids {
					if err := w.Expect(id, 7); err != nil {
						b.Fatal(err)
					}
				}
				for _, id := range ids {
					if err := w.Append(id, event); err != nil {
						b.Fatal(err)
					}
				}
				if len(w.Events()) != streams {
					b.Fatal(w)
				}
			}
		})
	}
}

func BenchmarkPatternMatch(b *testing.B) {
	for _, bench := range []struct {
		name, glob, id string
		want           bool
	}{
		{"prefix", "order-*", "order-4711", true},
		{"class", "order/*/item-[0-9]", "order/eu/7/item-3", true},
		{"many stars", "a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	} {
		b.Run(bench.name, func(b *testing.B) {
			pattern, id := parsePattern(b, bench.glob), eventcore.MustStreamID(bench.id)
			b.ReportAllocs()
			for b.Loop() {
				if pattern.Match(id) != bench.want {
					b.Fatal(bench.glob, bench.id)
				}
			}
		})
	}
}
