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
	wrapped := r.Wrap(FinalClient, store)
	final := &Final{Streams: make(map[eventcore.StreamID][]eventcore.Recorded)}
	streams, sent := r.streams()
	if all, ok := wrapped.(eventcore.AllReader); ok {
		events, err := collect(all.ReadAll(ctx, eventcore.Filter{}, eventcore.Position{}, 0), sent)
		if err != nil {
			return fmt.Errorf("final read of the global order: %w", err)
		}
		final.Global = events
		for i := range events {
			streams[events[i].Stream]++
		}
	}
	for _, id := range sorted(streams) {
		events, err := collect(wrapped.ReadStream(ctx, id, 0), streams[id])
		if err != nil {
			return fmt.Errorf("final read of stream %q: %w", id, err)
		}
		final.Streams[id] = events
	}
	r.final = final
	return nil
}

// collect returns all events, about so many, and never nil without an error.
func collect(events iter.Seq2[eventcore.Recorded, error], about int) ([]eventcore.Recorded, error) {
	all := make([]eventcore.Recorded, 0, about)
	for event, err := range events {
		if err != nil {
			return nil, err
		}
		all = append(all, event)
	}
	return all, nil
}

// streams returns every stream that a call named or showed, each with 0, and how many events
// were sent that may be in the store.
func (r *Recorder) streams() (streams map[eventcore.StreamID]int, sent int) {
	streams = make(map[eventcore.StreamID]int)
	for c := range r.logs {
		for i := range r.logs[c].ops.Len() {
			op := r.logs[c].ops.At(i)
			for p := range op.Participants {
				streams[op.Participants[p].Stream] = 0
			}
			if op.Kind == ReadStream {
				streams[op.Stream] = 0
			}
			// Most events come behind one of the same stream.
			last := op.Stream
			for e := range op.Seen {
				if id := op.Seen[e].Stream; id != last {
					streams[id], last = 0, id
				}
			}
			if op.Conflict != nil {
				streams[op.Conflict.Stream] = 0
			}
			if op.Outcome != eventcore.OutcomeNotApplied {
				sent += len(op.Events)
			}
		}
	}
	return streams, sent
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
