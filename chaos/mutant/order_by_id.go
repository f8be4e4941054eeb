package mutant

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// orderByID reads the global order as a store does that has no other order than the IDs
// which clients make: a client whose clock is behind, or that made its ID before another
// one committed, writes behind the back of every cursor.
func orderByID() Mutant {
	return Mutant{
		Name: "order-by-id", Doc: "The global order is that of the event IDs, which clients make.", Layer: Backend,
		Wrap: func(inner eventcore.Store) eventcore.Store {
			return plant(inner, bug{append: appendByID, readStream: readStreamByID, readAll: readAllByID})
		},
	}
}

// positionOf makes the position of an event of its ID.
func positionOf(id eventcore.EventID) eventcore.Position {
	return eventcore.NewPosition(binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:]))
}

func appendByID(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	appended, err := inner.Append(ctx, writes)
	if events := writes.Events(); err == nil && len(events) > 0 {
		appended.Last = positionOf(events[len(events)-1].Event.ID)
	}
	return appended, err
}

func readStreamByID(ctx context.Context, inner eventcore.Store, id eventcore.StreamID, after eventcore.Version) events {
	return func(yield func(eventcore.Recorded, error) bool) {
		for event, err := range inner.ReadStream(ctx, id, after) {
			if err == nil {
				event.Position = positionOf(event.ID)
			}
			if !yield(event, err) {
				return
			}
		}
	}
}

func readAllByID(ctx context.Context, inner eventcore.AllReader, filter eventcore.Filter, after eventcore.Position, limit int) events {
	return func(yield func(eventcore.Recorded, error) bool) {
		var sorted []eventcore.Recorded
		var failed error
		for event, err := range inner.ReadAll(ctx, filter, eventcore.Position{}, 0) {
			if err != nil {
				failed = err
				break
			}
			if event.Position = positionOf(event.ID); event.Position.Compare(after) > 0 {
				sorted = append(sorted, event)
			}
		}
		slices.SortFunc(sorted, func(a, b eventcore.Recorded) int { return bytes.Compare(a.ID[:], b.ID[:]) })
		if limit > 0 && len(sorted) > limit {
			sorted, failed = sorted[:limit], nil
		}
		for _, event := range sorted {
			if !yield(event, nil) {
				return
			}
		}
		if failed != nil {
			yield(eventcore.Recorded{}, failed)
		}
	}
}
