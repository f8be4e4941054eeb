package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
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
	p := &pending{writes: &writes, now: now, err: unknown(groupcommit.ErrGivenUp)}
	if err := s.together(ctx, p); err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	if p.err != nil {
		return eventcore.Appended{}, p.err
	}
	return s.appended(&writes, p.last), nil
}

// checkVersions returns the conflict of the first participant that has moved. ahead has the
// versions of streams that are not those of the index.
func (s *Store) checkVersions(writes *eventcore.Writes, ahead map[eventcore.StreamID]eventcore.Version) error {
	participants := writes.Participants()
	for i := range participants {
		p := &participants[i]
		actual, moved := ahead[p.Stream]
		if !moved {
			actual = s.index.version(p.Stream)
		}
		if actual != p.Expected {
			return &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: actual}
		}
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
		return usedID(id)
	}
	return nil
}

func usedID(id eventcore.EventID) error {
	return fmt.Errorf("%s/%s is there already: the generator in Config.IDs has made the ID of this append before; use one that makes none twice",
		eventsDir, fileName(id))
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

// appended returns the result of a batch whose last event is that of so many in the store.
func (s *Store) appended(writes *eventcore.Writes, events int) eventcore.Appended {
	if len(writes.Events()) == 0 {
		return eventcore.Appended{}
	}
	participants := writes.Participants()
	streams := make([]eventcore.StreamVersion, 0, len(participants))
	for i := range participants {
		if p := &participants[i]; p.Events > 0 {
			streams = append(streams, eventcore.StreamVersion{Stream: p.Stream, Version: p.Expected + eventcore.Version(p.Events)})
		}
	}
	return eventcore.Appended{Streams: streams, Last: eventcore.NewPosition(s.log, uint64(events))}
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
