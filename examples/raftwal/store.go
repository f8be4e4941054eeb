// Package raftwal is an event store on HashiCorp's raft-wal as it is: the log in which Consul
// and Vault keep what they acknowledge. An event is an entry of the log, an append a batch of
// entries, which raft-wal stores whole or not at all, and the log is the global order. Which
// events are in which stream, the store learns from the log when it is opened.
//
// The log's files lie on a file system that can be exchanged, so raft-wal can be crashed on the
// simulated disk at any of its operations.
package raftwal

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/segment"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// dir is where the log's files are.
const dir = "wal"

// Store is an event store in one log. It is safe for concurrent use.
type Store struct {
	log   *wal.WAL
	clock eventcore.Clock
	turn  turn

	mu sync.Mutex
	// streams has by stream which entries are its events, last is the index of the last entry.
	streams map[eventcore.StreamID][]uint64
	last    uint64
}

// record is what an entry has: an event.
type record struct {
	At       time.Time         `json:"at"`
	Stream   string            `json:"stream"`
	Version  eventcore.Version `json:"version"`
	ID       eventcore.EventID `json:"id"`
	Type     string            `json:"type"`
	Data     []byte            `json:"data"`
	Metadata []byte            `json:"metadata,omitempty"`
}

// Open opens the store on a file system, or makes it there.
func Open(fs vfs.FS, clock eventcore.Clock) (*Store, error) {
	if err := fs.MkdirAll(dir); err != nil {
		return nil, err
	}
	if err := fs.SyncDir("."); err != nil {
		return nil, err
	}
	log, err := wal.Open(dir,
		wal.WithSegmentFiler(segment.NewFiler(dir, files{fs})), wal.WithMetaStore(&meta{fs: fs}), wal.WithLogger(hclog.NewNullLogger()))
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	s := &Store{log: log, clock: clock, turn: newTurn(), streams: make(map[eventcore.StreamID][]uint64)}
	if err := s.read(); err != nil {
		_ = log.Close() // the other error says more
		return nil, err
	}
	return s, nil
}

// read reads the whole log to learn which events are where.
func (s *Store) read() error {
	last, err := s.log.LastIndex()
	if err != nil {
		return err
	}
	for index := uint64(1); index <= last; index++ {
		e, err := s.entry(index)
		if err != nil {
			return err
		}
		if want := eventcore.Version(len(s.streams[e.Stream]) + 1); e.Version != want {
			return fmt.Errorf("entry %d: stream %q has version %d where %d comes next", index, e.Stream, e.Version, want)
		}
		s.streams[e.Stream] = append(s.streams[e.Stream], index)
		s.last = index
	}
	return nil
}

// entry reads one entry of the log.
func (s *Store) entry(index uint64) (e eventcore.Recorded, err error) {
	var entry raft.Log
	if err := s.log.GetLog(index, &entry); err != nil {
		return e, fmt.Errorf("entry %d: %w", index, err)
	}
	var r record
	if err := json.Unmarshal(entry.Data, &r); err != nil {
		return e, fmt.Errorf("entry %d: %w", index, err)
	}
	id, err := eventcore.ParseStreamID(r.Stream)
	return eventcore.Recorded{
		ID: r.ID, Stream: id, Version: r.Version, Type: r.Type, Data: r.Data, Metadata: r.Metadata, RecordedAt: r.At,
		Position: eventcore.NewPosition(0, index),
	}, err
}

// at returns which entries are a stream's at this moment, and how long the log is.
func (s *Store) at(id eventcore.StreamID) (entries []uint64, last uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams[id], s.last
}

// Close implements [io.Closer].
func (s *Store) Close() error { return s.log.Close() }

// Append implements [eventcore.Store].
func (s *Store) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	failed := func(outcome eventcore.Outcome, err error) (eventcore.Appended, error) {
		return eventcore.Appended{}, &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: outcome, Err: err}
	}
	if err := s.turn.take(ctx); err != nil {
		return failed(eventcore.OutcomeNotApplied, err)
	}
	defer s.turn.give()
	parts := w.Participants()
	next := make([]eventcore.Version, len(parts))
	for i, p := range parts {
		entries, _ := s.at(p.Stream)
		if next[i] = eventcore.Version(len(entries)); next[i] != p.Expected {
			return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: next[i]}
		}
	}
	if len(w.Events()) == 0 {
		return eventcore.Appended{}, nil
	}
	now := s.clock.Now().UTC().Round(0)
	_, last := s.at(eventcore.StreamID{})
	var batch []*raft.Log
	for _, e := range w.Events() {
		next[e.Participant]++
		data, err := json.Marshal(record{
			now, parts[e.Participant].Stream.String(), next[e.Participant], e.Event.ID, e.Event.Type, e.Event.Data, e.Event.Metadata,
		})
		if err != nil {
			return failed(eventcore.OutcomeNotApplied, err)
		}
		batch = append(batch, &raft.Log{Index: last + uint64(len(batch)) + 1, Type: raft.LogCommand, Data: data})
	}
	if err := s.log.StoreLogs(batch); err != nil {
		// It may be there when the log is opened again, unless another one takes its place.
		return failed(eventcore.OutcomeUnknown, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range w.Events() {
		s.last++
		id := parts[e.Participant].Stream
		s.streams[id] = append(s.streams[id], s.last)
	}
	done := eventcore.Appended{Last: eventcore.NewPosition(0, s.last)}
	for i, p := range parts {
		if p.Events > 0 {
			done.Streams = append(done.Streams, eventcore.StreamVersion{Stream: p.Stream, Version: next[i]})
		}
	}
	return done, nil
}
