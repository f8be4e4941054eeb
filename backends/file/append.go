package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Append implements [eventcore.Store]. When the directory cannot be synced after the
// append's file has got its place there, the outcome is unknown; the next append settles
// it, before anything else, by looking whether the file is there and writing it anew.
func (s *Store) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	if err := ctx.Err(); err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	// The clock is the caller's code: it must not run inside the gate.
	now := s.cfg.Clock.Now().UTC().Round(0)
	if err := s.gate.Enter(ctx, "file: write"); err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	defer s.gate.Leave()
	if err := s.settle(); err != nil {
		return eventcore.Appended{}, notApplied(fmt.Errorf("an append before this one is not settled: %w", err))
	}
	if err := s.checkVersions(&writes); err != nil {
		return eventcore.Appended{}, err
	}
	if len(writes.Events()) == 0 {
		return eventcore.Appended{}, nil
	}
	var parents []eventcore.EventID
	if last := len(s.index.files) - 1; last >= 0 {
		parents = []eventcore.EventID{s.index.files[last].id}
	}
	t, content, err := s.transaction(&writes, parents)
	if err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	if content, err = t.seal(content, now); err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	if err := s.commit(ctx, t, content); err != nil {
		return eventcore.Appended{}, err
	}
	return s.appended(&writes), nil
}

// checkVersions returns the conflict of the first participant that has moved.
func (s *Store) checkVersions(writes *eventcore.Writes) error {
	participants := writes.Participants()
	for i := range participants {
		p := &participants[i]
		if actual := s.index.version(p.Stream); actual != p.Expected {
			return &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: actual}
		}
	}
	return nil
}

// doubt is an append that has, or may have, its place in events, and nobody knows for how
// long.
type doubt struct {
	*transaction
	content []byte
}

// commit writes the file of an append and gives it its place.
func (s *Store) commit(ctx context.Context, t *transaction, content []byte) error {
	name := fileName(t.header.Transaction)
	draft, final := tmpDir+"/"+name, eventsDir+"/"+name
	err := s.unused(t.header.Transaction)
	if err == nil {
		err = s.writeDraft(draft, content, s.cfg.Fsync)
	}
	if err == nil {
		// The last moment at which it is certain that nothing happens.
		err = ctx.Err()
	}
	if err != nil {
		// What stays in tmp is removed when the store is opened.
		return notApplied(errors.Join(err, ignoreMissing(s.fs.Remove(draft))))
	}
	s.doubt = &doubt{t, content}
	if err := s.fs.Rename(draft, final); err != nil {
		return unknown(err)
	}
	if err := s.syncDir(eventsDir, s.cfg.Fsync); err != nil {
		return unknown(err)
	}
	s.accept()
	if len(s.index.files)%headEvery == 0 {
		_ = s.recordHead() // the append is there all the same
	}
	return nil
}

// unused returns an error if there is an append of that ID: its file would be replaced.
func (s *Store) unused(id eventcore.EventID) error {
	if id == (eventcore.EventID{}) {
		return errors.New("the generator in Config.IDs has made the zero ID, which cannot name an append; use another one")
	}
	used := compareIDs(id, s.newest) <= 0 &&
		slices.ContainsFunc(s.index.files, func(f source) bool { return f.id == id })
	// Somebody may have put a file there since the store was opened. Nobody has one whose name
	// is random.
	if _, random := s.cfg.IDs.(randomIDs); !used && !random {
		switch _, err := s.fs.Stat(eventsDir + "/" + fileName(id)); {
		case err == nil:
			used = true
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	if used {
		return fmt.Errorf("%s/%s is there already: the generator in Config.IDs has made the ID of this append before; use one that makes none twice",
			eventsDir, fileName(id))
	}
	return nil
}

// settle finds out what became of an append whose outcome is not known.
func (s *Store) settle() error {
	if s.doubt == nil {
		return nil
	}
	name := fileName(s.doubt.header.Transaction)
	draft, final := tmpDir+"/"+name, eventsDir+"/"+name
	switch _, err := s.fs.Stat(final); {
	case errors.Is(err, fs.ErrNotExist):
		// The rename failed. It must not come back: were the name of the draft left, it
		// would be removed when the store is opened.
		s.doubt = nil
		return ignoreMissing(s.fs.Remove(draft))
	case err != nil:
		return err
	}
	if s.cfg.Fsync == FsyncAlways {
		if err := s.replace(draft, final, s.doubt.content); err != nil {
			// It may be the first sync that fails: before, perhaps only the rename was in doubt.
			return errors.Join(err, s.suspect())
		}
	}
	s.accept()
	return nil
}

// accept adds the append that is now there for good to the index.
func (s *Store) accept() {
	s.mu.Lock()
	s.index.add(s.doubt.transaction)
	s.mu.Unlock()
	s.sawID(s.doubt.header.Transaction)
	s.doubt = nil
	if s.cfg.Fsync == FsyncAlways {
		s.synced = len(s.index.files)
	}
}

// sawID notes the ID of a transaction: newest is the greatest.
func (s *Store) sawID(id eventcore.EventID) {
	if compareIDs(id, s.newest) > 0 {
		s.newest = id
	}
}

// transaction makes the lines of a batch that follows its parents.
func (s *Store) transaction(writes *eventcore.Writes, parents []eventcore.EventID) (t *transaction, payload []byte, err error) {
	participants := writes.Participants()
	t = &transaction{header: header{
		Format: format, Transaction: s.cfg.IDs.NewEventID(), Replica: s.replica,
		Parents: append([]eventcore.EventID{}, parents...), Streams: []base{}, Events: len(writes.Events()),
	}}
	numbers := make([]uint32, len(participants))
	for i := range participants {
		if p := &participants[i]; p.Events > 0 {
			numbers[i] = uint32(len(t.header.Streams))
			t.header.Streams = append(t.header.Streams, base{Stream: p.Stream, Base: p.Expected, Events: p.Events})
		}
	}
	for _, w := range writes.Events() {
		begin := len(payload)
		payload, err = appendEvent(payload, participants[w.Participant].Stream, &w.Event)
		if err != nil {
			return nil, nil, err
		}
		if len(payload)-begin > math.MaxInt32 {
			return nil, nil, fmt.Errorf("event %s takes %d bytes; at most %d are possible", w.Event.ID, len(payload)-begin, math.MaxInt32)
		}
		text := payload[begin:]
		t.lines = append(t.lines, place{
			offset: int64(begin), length: uint32(len(text)), crc: checksum(text), stream: numbers[w.Participant], kind: w.Event.Type,
		})
		payload = append(payload, '\n')
	}
	return t, payload, nil
}

// appended returns the result of a batch that is in the index.
func (s *Store) appended(writes *eventcore.Writes) eventcore.Appended {
	participants := writes.Participants()
	streams := make([]eventcore.StreamVersion, 0, len(participants))
	for i := range participants {
		if p := &participants[i]; p.Events > 0 {
			streams = append(streams, eventcore.StreamVersion{Stream: p.Stream, Version: p.Expected + eventcore.Version(p.Events)})
		}
	}
	return eventcore.Appended{Streams: streams, Last: eventcore.NewPosition(s.log, uint64(len(s.index.entries)))}
}

// notApplied is the failure of an append that came to nothing.
func notApplied(err error) error {
	return &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err}
}

// unknown is the failure of an append that may be there, or may be found there later.
func unknown(err error) error {
	return &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeUnknown, Err: err}
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
