package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// errNoName refuses a key without a name.
var errNoName = errors.New("the snapshot key has no name; give it that of the command")

// snapshot is the first line of a snapshot's file. The state follows it as it is.
type snapshot struct {
	Format int        `json:"format"`
	Name   string     `json:"name,omitempty"`
	Name64 []byte     `json:"name_base64,omitempty"` // where it is not UTF-8
	Schema uint32     `json:"schema"`
	Vector []streamAt `json:"streams"`
	// State is the SHA-256 of the state, in hexadecimal.
	State string `json:"state_sha256"`
}

// streamAt is a stream of a snapshot.
type streamAt struct {
	Stream  eventcore.StreamID `json:"stream"`
	Version eventcore.Version  `json:"version"`
}

// LoadSnapshot implements [eventcore.SnapshotStore]. A snapshot that is damaged is an error
// in which errors.Is finds [ErrDamaged]; the next one that is saved takes its place.
func (s *Store) LoadSnapshot(ctx context.Context, key eventcore.SnapshotKey) (loaded eventcore.Snapshot, found bool, err error) {
	if key.Name == "" {
		return eventcore.Snapshot{}, false, failed(eventcore.OpLoadSnapshot, errNoName)
	}
	err = s.snapshots.in(ctx, func() (err error) {
		loaded, found, err = s.readSnapshot(key)
		return err
	})
	if err != nil {
		return eventcore.Snapshot{}, false, failed(eventcore.OpLoadSnapshot, err)
	}
	return loaded, found, nil
}

// SaveSnapshot implements [eventcore.SnapshotStore]. It is as durable as an append.
func (s *Store) SaveSnapshot(ctx context.Context, key eventcore.SnapshotKey, given eventcore.Snapshot) (saved bool, err error) {
	if key.Name == "" {
		return false, failed(eventcore.OpSaveSnapshot, errNoName)
	}
	content, err := encodeSnapshot(key, &given)
	if err != nil {
		return false, failed(eventcore.OpSaveSnapshot, err)
	}
	err = s.snapshots.in(ctx, func() error {
		old, _, err := s.readSnapshot(key)
		// What is damaged can save nobody time, so any other is better.
		if err != nil && !errors.Is(err, ErrDamaged) {
			return err
		}
		if saved = given.Covers(&old); !saved {
			return nil
		}
		return s.snapshots.write(ctx, snapshotFile(key), content, s.cfg.Fsync)
	})
	if err != nil {
		return false, failed(eventcore.OpSaveSnapshot, err)
	}
	return saved, nil
}

func snapshotFile(key eventcore.SnapshotKey) string {
	return nameOf(snapshotsDir, fmt.Sprintf("%d %s", key.Schema, key.Name))
}

func encodeSnapshot(key eventcore.SnapshotKey, given *eventcore.Snapshot) ([]byte, error) {
	first := snapshot{Format: format, Schema: key.Schema, Vector: []streamAt{}, State: hash(given.State)}
	if utf8.ValidString(key.Name) {
		first.Name = key.Name
	} else {
		first.Name64 = []byte(key.Name)
	}
	for _, at := range given.Streams {
		first.Vector = append(first.Vector, streamAt(at))
	}
	line, err := sealed(first)
	return append(line, given.State...), err
}

// readSnapshot reads and checks the snapshot of a key.
func (s *Store) readSnapshot(key eventcore.SnapshotKey) (eventcore.Snapshot, bool, error) {
	name := snapshotFile(key)
	content, found, err := s.snapshots.read(name)
	if err != nil || !found {
		return eventcore.Snapshot{}, false, err
	}
	loaded, err := decodeSnapshot(key, content)
	if err != nil {
		return eventcore.Snapshot{}, false, fmt.Errorf("%w: %s, the snapshot of %q: %w; delete it: it is made again", ErrDamaged, name, key.Name, err)
	}
	return loaded, true, nil
}

func decodeSnapshot(key eventcore.SnapshotKey, content []byte) (loaded eventcore.Snapshot, err error) {
	end := bytes.IndexByte(content, '\n') + 1
	var first snapshot
	if err := unsealed(content[:end], &first); err != nil {
		return loaded, err
	}
	state := content[end:]
	switch {
	case first.Format != format:
		return loaded, fmt.Errorf("it has format %d, this program knows %d", first.Format, format)
	case first.Name+string(first.Name64) != key.Name || first.Schema != key.Schema:
		return loaded, fmt.Errorf("it belongs to %q, schema %d", first.Name+string(first.Name64), first.Schema)
	case hash(state) != first.State:
		return loaded, errors.New("its state does not match its hash: it was changed or cut off")
	}
	for _, at := range first.Vector {
		loaded.Streams = append(loaded.Streams, eventcore.StreamVersion(at))
	}
	loaded.State = slices.Clone(state)
	return loaded, nil
}
