package linearizability

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Final reads the global order, if the store has one, and every stream that any call
// named or showed, and records that as the calls of [FinalClient]. It compares nothing.
//
// It must be called once, after the last call of every client, when nothing is under
// way in the store either: an append of which the client heard nothing must have been
// applied by now or never will be. An error is the store's; the history then has no
// Final and cannot be judged.
func (r *Recorder) Final(ctx context.Context, store eventcore.Store) error {
	wrapped := r.wrap(FinalClient, &r.clients[len(r.clients)-1], store)
	final := &Final{Streams: make(map[eventcore.StreamID][]eventcore.Recorded)}
	streams := r.streams()
	if all, ok := wrapped.(eventcore.AllReader); ok {
		events, err := collect(all.ReadAll(ctx, eventcore.Filter{}, eventcore.Position{}, 0))
		if err != nil {
			return fmt.Errorf("final read of the global order: %w", err)
		}
		final.Global = events
		for i := range events {
			streams[events[i].Stream] = struct{}{}
		}
	}
	for _, id := range sorted(streams) {
		events, err := collect(wrapped.ReadStream(ctx, id, 0))
		if err != nil {
			return fmt.Errorf("final read of stream %q: %w", id, err)
		}
		final.Streams[id] = events
	}
	r.final = final
	return nil
}

// collect returns all events, never nil without an error.
func collect(events iter.Seq2[eventcore.Recorded, error]) ([]eventcore.Recorded, error) {
	all := []eventcore.Recorded{}
	for event, err := range events {
		if err != nil {
			return nil, err
		}
		all = append(all, event)
	}
	return all, nil
}

// streams returns every stream that a call named or showed.
func (r *Recorder) streams() map[eventcore.StreamID]struct{} {
	streams := make(map[eventcore.StreamID]struct{})
	for c := range r.clients {
		for i := range r.clients[c].ops.Len() {
			op := r.clients[c].ops.At(i)
			for p := range op.Participants {
				streams[op.Participants[p].Stream] = struct{}{}
			}
			if op.Kind == ReadStream {
				streams[op.Stream] = struct{}{}
			}
			for e := range op.Seen {
				streams[op.Seen[e].Stream] = struct{}{}
			}
			if op.Conflict != nil {
				streams[op.Conflict.Stream] = struct{}{}
			}
		}
	}
	return streams
}

// sorted returns the streams of a map in a fixed order: that of the map would make
// runs differ.
func sorted[T any](streams map[eventcore.StreamID]T) []eventcore.StreamID {
	ids := make([]eventcore.StreamID, 0, len(streams))
	for id := range streams {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b eventcore.StreamID) int { return cmp.Compare(a.String(), b.String()) })
	return ids
}
