package linearizability

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"sync/atomic"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Recorder records the calls of several clients. Each client's calls come from one
// goroutine at a time; different clients may be on different goroutines.
type Recorder struct {
	stamp   atomic.Int64
	clients []clientLog // one each, then one for the final reads
	final   *Final
}

// NewRecorder returns a recorder for clients 0 to clients-1.
func NewRecorder(clients int) *Recorder {
	return &Recorder{clients: make([]clientLog, clients+1)}
}

// Wrap returns a store that passes every call on to store and records it as one of
// client. It implements [eventcore.AllReader] if and only if store does.
func (r *Recorder) Wrap(client int, store eventcore.Store) eventcore.Store {
	return r.wrap(client, &r.clients[client], store)
}

func (r *Recorder) wrap(client int, log *clientLog, store eventcore.Store) eventcore.Store {
	s := &recording{recorder: r, client: client, log: log, inner: store}
	if all, ok := store.(eventcore.AllReader); ok {
		return &recordingAll{s, all}
	}
	return s
}

// Final reads every stream that any call named or showed, and the global order, and
// records that as the calls of [FinalClient]. It must be called once, after the last
// call of every client. An error is the store's; the history then has no Final.
func (r *Recorder) Final(ctx context.Context, store eventcore.Store) error {
	wrapped := r.wrap(FinalClient, &r.clients[len(r.clients)-1], store)
	final := &Final{Streams: make(map[eventcore.StreamID][]eventcore.Recorded)}
	streams := r.streams()
	if all, ok := wrapped.(eventcore.AllReader); ok {
		events, err := collect(all.ReadAll(ctx, eventcore.Filter{}, eventcore.Position{}, 0))
		if err != nil {
			return err
		}
		final.Global = append([]eventcore.Recorded{}, events...)
		for i := range events {
			streams = append(streams, events[i].Stream)
		}
		sortStreams(streams)
		streams = slices.Compact(streams)
	}
	for _, id := range streams {
		events, err := collect(wrapped.ReadStream(ctx, id, 0))
		if err != nil {
			return err
		}
		final.Streams[id] = events
	}
	r.final = final
	return nil
}

func collect(events iter.Seq2[eventcore.Recorded, error]) ([]eventcore.Recorded, error) {
	var all []eventcore.Recorded
	for event, err := range events {
		if err != nil {
			return nil, err
		}
		all = append(all, event)
	}
	return all, nil
}

// streams returns every stream that a call named or showed, sorted.
func (r *Recorder) streams() []eventcore.StreamID {
	seen := make(map[eventcore.StreamID]struct{})
	for c := range r.clients {
		for i := range r.clients[c].ops {
			op := &r.clients[c].ops[i]
			for p := range op.Participants {
				seen[op.Participants[p].Stream] = struct{}{}
			}
			if op.Kind == ReadStream {
				seen[op.Stream] = struct{}{}
			}
			for e := range op.Seen {
				seen[op.Seen[e].Stream] = struct{}{}
			}
		}
	}
	ids := make([]eventcore.StreamID, 0, len(seen))
	for id := range seen {
		ids = append(ids, id)
	}
	sortStreams(ids)
	return ids
}

func sortStreams(ids []eventcore.StreamID) {
	slices.SortFunc(ids, func(a, b eventcore.StreamID) int { return cmp.Compare(a.String(), b.String()) })
}

// History returns what was recorded. It must not be called while a call is under
// way, except one that will never return.
func (r *Recorder) History() History {
	total := 0
	for c := range r.clients {
		total += len(r.clients[c].ops)
	}
	ops := make([]Operation, 0, total)
	for c := range r.clients {
		ops = append(ops, r.clients[c].ops...)
	}
	slices.SortFunc(ops, func(a, b Operation) int { return cmp.Compare(a.Call, b.Call) })
	return History{Operations: ops, Final: r.final}
}

// recording is the store of one client.
type recording struct {
	recorder *Recorder
	client   int
	log      *clientLog
	inner    eventcore.Store
}

type recordingAll struct {
	*recording
	all eventcore.AllReader
}

// Append implements [eventcore.Store].
func (s *recording) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	at := s.log.begin(Operation{
		Client: s.client, Kind: Append, Call: s.recorder.stamp.Add(1), Return: Never,
		Participants: s.log.keepParticipants(writes.Participants()), Events: s.log.keepEvents(writes.Events()),
	})
	appended, err := s.inner.Append(ctx, writes)
	op := &s.log.ops[at]
	op.Return = s.recorder.stamp.Add(1)
	op.Outcome, op.Appended, op.Err = eventcore.OutcomeOf(err), appended, err
	if err != nil && op.Outcome == eventcore.OutcomeNotApplied {
		op.Conflict, _ = errors.AsType[*eventcore.VersionConflict](err)
	}
	return appended, err
}

// ReadStream implements [eventcore.Store].
func (s *recording) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	op := Operation{Client: s.client, Kind: ReadStream, Stream: id, After: after}
	return s.read(op, s.inner.ReadStream(ctx, id, after))
}

// ReadAll implements [eventcore.AllReader].
func (s *recordingAll) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	op := Operation{Client: s.client, Kind: ReadAll, Filter: filter, Position: after, Limit: limit}
	return s.read(op, s.all.ReadAll(ctx, filter, after, limit))
}

// read records each iteration of a sequence as an operation of its own.
func (s *recording) read(op Operation, events iter.Seq2[eventcore.Recorded, error]) iter.Seq2[eventcore.Recorded, error] {
	return func(consume func(eventcore.Recorded, error) bool) {
		// A copy: another iteration of this sequence is another operation.
		begun := op
		begun.Call, begun.Return, begun.End = s.recorder.stamp.Add(1), Never, Failed
		at := s.log.begin(begun)
		seen := s.log.takeSeen()
		end, failure := Complete, error(nil)
		defer func() {
			done := &s.log.ops[at]
			done.Seen = s.log.giveSeen(seen)
			// A consumer that panics leaves the read as one that never returned.
			if end != Failed || failure != nil {
				done.Return, done.End, done.Err = s.recorder.stamp.Add(1), end, failure
			}
		}()
		for event, err := range events {
			if err != nil {
				end, failure = Failed, err
				consume(event, err)
				return
			}
			seen = append(seen, Seen{event.ID, event.Stream, event.Version, event.Position})
			end = Failed
			more := consume(event, nil)
			end = Complete
			if !more {
				end = Stopped
				return
			}
		}
		if op.Limit > 0 && len(seen) >= op.Limit {
			end = Stopped
		}
	}
}
