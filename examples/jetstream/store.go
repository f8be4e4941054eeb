// Package jetstream is an event store on NATS JetStream as it is: an adapter of some dozen
// lines, so that a published product is judged by the same contract as our own backends.
//
// A stream of events is a subject, and an append is one message with all of its events, which
// JetStream stores whole or not at all. Optimistic concurrency is its own: the header
// Nats-Expected-Last-Subject-Sequence. It speaks of one subject, so a batch over several
// streams, or one that relies on a stream that it does not write to, is refused.
package jetstream

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// Store is an event store in one JetStream stream. It is safe for concurrent use.
type Store struct {
	js     jetstream.JetStream
	stream jetstream.Stream
	clock  eventcore.Clock
}

// prefix is that of all subjects.
const prefix = "events."

// New returns the store in the JetStream stream of that name, which it makes if there is
// none, in memory or in files.
func New(ctx context.Context, js jetstream.JetStream, name string, storage jetstream.StorageType, clock eventcore.Clock) (*Store, error) {
	stream, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: name, Subjects: []string{name + "." + prefix + ">"}, Storage: storage, DenyDelete: true,
	})
	if err != nil {
		return nil, fmt.Errorf("make stream %s: %w", name, err)
	}
	return &Store{js, stream, clock}, nil
}

// Close implements [io.Closer]. It deletes the stream.
func (s *Store) Close() error {
	return s.js.DeleteStream(context.Background(), s.stream.CachedInfo().Config.Name)
}

// record is a message: an append.
type record struct {
	Stream string    `json:"stream"`
	Before uint64    `json:"before"` // the version of the stream before
	At     time.Time `json:"at"`
	Events []event   `json:"events"`
}

type event struct {
	ID       eventcore.EventID `json:"id"`
	Type     string            `json:"type"`
	Data     []byte            `json:"data"`
	Metadata []byte            `json:"metadata,omitempty"`
}

// after returns the version of the stream after the append.
func (r *record) after() eventcore.Version {
	return eventcore.Version(r.Before + uint64(len(r.Events)))
}

// subject returns the subject of a stream, whose name may have any characters.
func (s *Store) subject(id eventcore.StreamID) string {
	return s.stream.CachedInfo().Config.Name + "." + prefix + base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(id.String()))
}

// head returns the version of a stream and the sequence of its last message, both 0 where
// there is none.
func (s *Store) head(ctx context.Context, id eventcore.StreamID) (eventcore.Version, uint64, error) {
	message, err := s.stream.GetLastMsgForSubject(ctx, s.subject(id))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	var r record
	err = json.Unmarshal(message.Data, &r)
	return r.after(), message.Sequence, err
}

var errOneStream = errors.New("JetStream compares the sequence of one subject: give a batch of one stream")

// Append implements [eventcore.Store].
func (s *Store) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	failed := func(outcome eventcore.Outcome, err error) (eventcore.Appended, error) {
		return eventcore.Appended{}, &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: outcome, Err: err}
	}
	if err := ctx.Err(); err != nil {
		return failed(eventcore.OutcomeNotApplied, err)
	}
	switch parts := w.Participants(); {
	case len(parts) == 0:
		return eventcore.Appended{}, nil
	case len(parts) > 1:
		return failed(eventcore.OutcomeNotApplied, errOneStream)
	}
	p := w.Participants()[0]
	version, sequence, err := s.head(ctx, p.Stream)
	if err != nil {
		return failed(eventcore.OutcomeNotApplied, err)
	}
	if version != p.Expected {
		return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: version}
	}
	if p.Events == 0 {
		return eventcore.Appended{}, nil
	}
	// Here a simulated run may switch to another client, which moves the stream.
	yield.Point(ctx, "jetstream: between the look at the subject and the message")
	r := record{Stream: p.Stream.String(), Before: uint64(version), At: s.clock.Now().UTC()}
	for _, e := range w.Events() {
		r.Events = append(r.Events, event{e.Event.ID, e.Event.Type, e.Event.Data, e.Event.Metadata})
	}
	data, err := json.Marshal(&r)
	if err != nil {
		return failed(eventcore.OutcomeNotApplied, err)
	}
	done, err := s.js.Publish(ctx, s.subject(p.Stream), data, jetstream.WithExpectLastSequencePerSubject(sequence))
	if refused := (*jetstream.APIError)(nil); errors.As(err, &refused) {
		if refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
			return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, ActualUnknown: true}
		}
		return failed(eventcore.OutcomeNotApplied, err) // the server has answered: no
	}
	if err != nil {
		return failed(eventcore.OutcomeUnknown, err)
	}
	return eventcore.Appended{
		Streams: []eventcore.StreamVersion{{Stream: p.Stream, Version: r.after()}},
		Last:    eventcore.NewPosition(done.Sequence, uint64(len(r.Events))),
	}, nil
}

// ReadStream implements [eventcore.Store].
func (s *Store) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		version, last, err := s.head(ctx, id)
		if err != nil {
			yield(eventcore.Recorded{}, failedRead(eventcore.OpReadStream, err))
			return
		}
		if after >= version {
			return
		}
		for e, err := range s.messages(ctx, s.subject(id), 1, last) {
			if err != nil {
				yield(eventcore.Recorded{}, failedRead(eventcore.OpReadStream, err))
				return
			}
			if e.Version > after && !yield(e, nil) {
				return
			}
		}
	}
}

// ReadAll implements [eventcore.AllReader].
func (s *Store) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		info, err := s.stream.Info(ctx)
		if err == nil && limit < 0 {
			err = fmt.Errorf("limit %d is negative; use 0 for no limit", limit)
		}
		if err != nil {
			yield(eventcore.Recorded{}, failedRead(eventcore.OpReadAll, err))
			return
		}
		from, _ := after.Parts()
		left := limit
		for e, err := range s.messages(ctx, info.Config.Name+"."+prefix+">", max(1, from), info.State.LastSeq) {
			if err != nil {
				yield(eventcore.Recorded{}, failedRead(eventcore.OpReadAll, err))
				return
			}
			if e.Position.Compare(after) <= 0 || !filter.Match(e.Stream, e.Type) {
				continue
			}
			if !yield(e, nil) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}

func failedRead(operation eventcore.Operation, err error) error {
	return &eventcore.StoreFailure{Operation: operation, Err: err}
}

// messages yields the events of the messages of a subject, one message at a time.
func (s *Store) messages(ctx context.Context, subject string, from, last uint64) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		for from <= last {
			message, err := s.stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(subject))
			if err != nil {
				yield(eventcore.Recorded{}, err)
				return
			}
			from = message.Sequence + 1
			var r record
			if err := json.Unmarshal(message.Data, &r); err != nil {
				yield(eventcore.Recorded{}, err)
				return
			}
			id, err := eventcore.ParseStreamID(r.Stream)
			if err != nil {
				yield(eventcore.Recorded{}, err)
				return
			}
			for i, e := range r.Events {
				if err := ctx.Err(); err != nil {
					yield(eventcore.Recorded{}, err)
					return
				}
				if !yield(eventcore.Recorded{
					ID: e.ID, Stream: id, Version: eventcore.Version(r.Before + uint64(i) + 1), Type: e.Type, Data: e.Data, Metadata: e.Metadata,
					RecordedAt: r.At, Position: eventcore.NewPosition(message.Sequence, uint64(i+1)),
				}, nil) {
					return
				}
			}
		}
	}
}
