package eventcore_test

import (
	"context"
	"iter"
	"testing"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// frozenLog is a global order that costs next to nothing to read.
type frozenLog struct{ events []eventcore.Recorded }

func newFrozenLog(events int) *frozenLog {
	log := &frozenLog{events: newFrozenStore(events).events}
	for i := range log.events {
		log.events[i].Position = eventcore.NewPosition(0, uint64(i+1))
	}
	return log
}

func (l *frozenLog) ReadAll(_ context.Context, _ eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		_, from := after.Parts()
		for i := int(from); i < len(l.events) && limit > 0; i++ {
			if !yield(l.events[i], nil) {
				return
			}
			limit--
		}
	}
}

// frozenCheckpoints accept every position and begin anew each time.
type frozenCheckpoints struct{}

func (frozenCheckpoints) LoadCheckpoint(context.Context, eventcore.SubscriptionID) (eventcore.Position, error) {
	return eventcore.Position{}, nil
}

func (frozenCheckpoints) SaveCheckpoint(_ context.Context, _ eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	return at, nil
}

func BenchmarkRunProjection(b *testing.B) {
	const events = 10_000
	log := newFrozenLog(events)
	projector := eventcore.ProjectorFunc[bankEvent](func(context.Context, eventcore.Event[bankEvent]) error { return nil })
	for _, bench := range []struct {
		name    string
		codec   eventcore.Codec
		options []eventcore.ProjectionOption
	}{
		{"codec=none/checkpoint=event", constCodec{bankEvent(deposited{5})}, nil},
		{"codec=none/checkpoint=page", constCodec{bankEvent(deposited{5})}, []eventcore.ProjectionOption{eventcore.WithCheckpointEachPage()}},
		{"codec=registry/checkpoint=page", bankRegistry(b), []eventcore.ProjectionOption{eventcore.WithCheckpointEachPage()}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			options := append([]eventcore.ProjectionOption{
				eventcore.WithProjectionCodec(bench.codec), eventcore.WithCheckpoints(frozenCheckpoints{}), eventcore.WithSubscription(sums),
			}, bench.options...)
			b.ReportAllocs()
			for b.Loop() {
				if result, err := eventcore.RunProjection(b.Context(), log, projector, options...); err != nil || result.Applied != events {
					b.Fatal(result, err)
				}
			}
			b.ReportMetric(float64(b.N)*events/b.Elapsed().Seconds(), "events/s")
		})
	}
}
