// Package raftwal is an event store on github.com/hashicorp/raft-wal as it is: the log of
// Consul and Vault, judged by the same contract as our own backends.
//
// An event is an entry of the log and its position is the entry's index; an append is one call
// of StoreLogs, which raft-wal keeps whole or not at all. Streams and versions are an index in
// memory that is made when the store is opened, so the version checks are the adapter's; what is
// raft-wal's is that what was acknowledged stays.
package raftwal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/segment"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// segmentSize is so large that no segment is ever full: a full one is put away by a goroutine of
// raft-wal's own, which a simulated run cannot order.
const segmentSize = 1 << 30

// Config says where a store is and how it handles what raft-wal gets wrong there.
type Config struct {
	// Segments is where raft-wal's segment files are, Meta where its list of them is.
	Segments, Meta vfs.FS
	Clock          eventcore.Clock
	// Mended makes up for what raft-wal gets wrong. The zero value is raft-wal as published.
	Mended Mended
	// NoSync plants a mistake: a sync of a segment does nothing.
	NoSync bool
}

// Mended says what the file system under raft-wal makes up for.
type Mended struct {
	// Names makes the name of a segment durable with its first sync, of one that was found too,
	// and puts a copy in its place where that failed.
	Names bool
	// Content has a segment that is found written anew and synced before raft-wal looks at it.
	Content bool
	// Tail cuts off what an append that failed has left before another one is written there.
	Tail bool
}

// Store is an event store in a log of raft-wal. It is safe for concurrent use.
type Store struct {
	log   *wal.WAL
	clock eventcore.Clock
	turn  chan struct{} // who has put something there may append
	index chan index    // holds the index, which is never changed in place
}

// index says where the events of each stream are.
type index struct {
	last    uint64
	streams map[eventcore.StreamID][]uint64
}

// entry is an event in the log.
type entry struct {
	ID       eventcore.EventID  `json:"id"`
	Stream   eventcore.StreamID `json:"stream"`
	Version  eventcore.Version  `json:"version"`
	Type     string             `json:"type"`
	Data     []byte             `json:"data"`
	Metadata []byte             `json:"metadata,omitempty"`
	At       time.Time          `json:"at"`
}

// Open opens the log, or makes one, and reads it all.
func Open(cfg Config) (*Store, error) {
	if err := errors.Join(cfg.Segments.MkdirAll("."), cfg.Meta.MkdirAll(".")); err != nil {
		return nil, err
	}
	meta := &metaStore{fs: cfg.Meta}
	log, err := wal.Open(".", wal.WithSegmentSize(segmentSize), wal.WithLogger(hclog.NewNullLogger()), wal.WithMetaStore(meta),
		wal.WithSegmentFiler(segment.NewFiler(".", &bridge{cfg.Segments, cfg.Mended, cfg.NoSync})))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the log: %w", err), meta.Close())
	}
	s := &Store{log: log, clock: cfg.Clock, turn: make(chan struct{}, 1), index: make(chan index, 1)}
	at, err := s.read()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the log: %w", err), log.Close())
	}
	s.index <- at
	return s, nil
}

// Close implements [io.Closer].
func (s *Store) Close() error { return s.log.Close() }

// read makes the index.
func (s *Store) read() (index, error) {
	at := index{streams: make(map[eventcore.StreamID][]uint64)}
	last, err := s.log.LastIndex()
	if err != nil {
		return at, err
	}
	for at.last < last {
		e, err := s.get(at.last + 1)
		if err != nil {
			return at, err
		}
		at.last++
		at.streams[e.Stream] = append(at.streams[e.Stream], at.last)
		if n := len(at.streams[e.Stream]); e.Version != eventcore.Version(n) {
			return at, fmt.Errorf("entry %d is version %d of stream %q where %d comes next", at.last, e.Version, e.Stream, n)
		}
	}
	return at, nil
}

// now returns the index as it is.
func (s *Store) now() index {
	at := <-s.index
	s.index <- at
	return at
}

// get returns the event of an entry.
func (s *Store) get(at uint64) (eventcore.Recorded, error) {
	var found raft.Log
	if err := s.log.GetLog(at, &found); err != nil {
		return eventcore.Recorded{}, fmt.Errorf("entry %d: %w", at, err)
	}
	var e entry
	if err := json.Unmarshal(found.Data, &e); err != nil {
		return eventcore.Recorded{}, fmt.Errorf("entry %d: %w", at, err)
	}
	return eventcore.Recorded{
		ID: e.ID, Stream: e.Stream, Version: e.Version, Type: e.Type, Data: e.Data, Metadata: e.Metadata,
		RecordedAt: e.At, Position: eventcore.NewPosition(0, at),
	}, nil
}

// enter waits for the turn to append. A simulated task must not block: it parks. One at a time
// is in StoreLogs, so that its mutex is never waited for.
func (s *Store) enter(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		select {
		case s.turn <- struct{}{}:
			return nil
		default:
		}
		if yield.Wait(ctx, "raftwal: append", func() bool { return len(s.turn) == 0 || ctx.Err() != nil }) {
			continue
		}
		select {
		case s.turn <- struct{}{}:
			return nil
		case <-ctx.Done():
		}
	}
}

// Append implements [eventcore.Store]. What StoreLogs fails with says nothing of what is on the
// disk, so the outcome is unknown then.
func (s *Store) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	failed := func(outcome eventcore.Outcome, err error) (eventcore.Appended, error) {
		return eventcore.Appended{}, &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: outcome, Err: err}
	}
	if err := s.enter(ctx); err != nil {
		return failed(eventcore.OutcomeNotApplied, err)
	}
	defer func() { <-s.turn }()
	at := s.now()
	for _, p := range w.Participants() {
		if actual := eventcore.Version(len(at.streams[p.Stream])); actual != p.Expected {
			return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: actual}
		}
	}
	if len(w.Events()) == 0 {
		return eventcore.Appended{}, nil
	}
	entries, versions, err := s.entries(&w, at.last)
	if err != nil {
		return failed(eventcore.OutcomeNotApplied, err)
	}
	if err := s.log.StoreLogs(entries); err != nil {
		return failed(eventcore.OutcomeUnknown, err)
	}
	return eventcore.Appended{Streams: versions, Last: eventcore.NewPosition(0, s.add(&w))}, nil
}

// entries returns the entries of a batch that comes after the last one, and the versions after
// it.
func (s *Store) entries(w *eventcore.Writes, last uint64) (entries []*raft.Log, after []eventcore.StreamVersion, err error) {
	parts, now := w.Participants(), s.clock.Now().UTC()
	versions := make([]eventcore.Version, len(parts))
	for i, p := range parts {
		versions[i] = p.Expected
	}
	for i, e := range w.Events() {
		versions[e.Participant]++
		data, err := json.Marshal(entry{
			ID: e.Event.ID, Stream: parts[e.Participant].Stream, Version: versions[e.Participant],
			Type: e.Event.Type, Data: e.Event.Data, Metadata: e.Event.Metadata, At: now,
		})
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, &raft.Log{Index: last + uint64(i) + 1, Term: 1, Type: raft.LogCommand, Data: data})
	}
	for i, p := range parts {
		if versions[i] > p.Expected {
			after = append(after, eventcore.StreamVersion{Stream: p.Stream, Version: versions[i]})
		}
	}
	return entries, after, nil
}

// add puts a batch that is in the log into the index and returns the last entry. Readers keep the
// slices that they have: what is in these is not changed.
func (s *Store) add(w *eventcore.Writes) uint64 {
	at := <-s.index
	for _, e := range w.Events() {
		stream := w.Participants()[e.Participant].Stream
		at.last++
		at.streams[stream] = append(at.streams[stream], at.last)
	}
	s.index <- at
	return at.last
}

// of returns the entries of a stream.
func (s *Store) of(id eventcore.StreamID) []uint64 {
	at := <-s.index
	defer func() { s.index <- at }()
	return at.streams[id]
}

// ReadStream implements [eventcore.Store].
func (s *Store) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		all := s.of(id)
		for _, at := range all[min(after, eventcore.Version(len(all))):] {
			e, err := s.next(ctx, at)
			if err != nil {
				yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: eventcore.OpReadStream, Err: err})
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: eventcore.OpReadStream, Err: err})
		}
	}
}

// next returns the event of an entry unless ctx has ended.
func (s *Store) next(ctx context.Context, at uint64) (eventcore.Recorded, error) {
	if err := ctx.Err(); err != nil {
		return eventcore.Recorded{}, err
	}
	return s.get(at)
}

// ReadAll implements [eventcore.AllReader].
func (s *Store) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		failed := func(err error) {
			yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: eventcore.OpReadAll, Err: err})
		}
		if limit < 0 {
			failed(fmt.Errorf("limit %d is negative; use 0 for no limit", limit))
			return
		}
		_, from := after.Parts()
		last, left := s.now().last, limit
		for at := from + 1; at <= last; at++ {
			e, err := s.next(ctx, at)
			if err != nil {
				failed(err)
				return
			}
			if !filter.Match(e.Stream, e.Type) {
				continue
			}
			if !yield(e, nil) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			failed(err)
		}
	}
}

// Stop ends raft-wal's goroutine after a crash of the simulated machine, on which nothing can be
// closed.
func (s *Store) Stop() { _ = s.log.Close() }
