package eventcore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// Snapshotter is a [Command] whose state may be kept from one execution to another, so
// that long streams need not be folded from their beginning each time. [WithSnapshots]
// says where. Without that option, or for a command that is no Snapshotter, all streams
// are folded.
//
// The state is kept as JSON. A state that does not survive that, for instance because it
// has unexported fields, is not kept, and [SnapshotUse] says so; a command that is a
// [StateCodec] encodes it itself.
type Snapshotter interface {
	// SnapshotKey names the state. Two commands with the same key must fold the same streams
	// in the same way: the name has the kind of the command and the streams that it
	// declares. Schema changes with the type of the state and with Apply.
	SnapshotKey() SnapshotKey
}

// StateCodec is a [Snapshotter] that encodes its state itself. S is the S of the command;
// let the compiler check it: var _ eventcore.StateCodec[State] = (*MyCommand)(nil).
type StateCodec[S any] interface {
	// EncodeState returns the state as one JSON value.
	EncodeState(state S) (json.RawMessage, error)
	// DecodeState is the inverse of EncodeState.
	DecodeState(data json.RawMessage) (S, error)
}

// SnapshotUse says what part a snapshot had in an execution.
type SnapshotUse struct {
	// Resumed says that the last attempt began with a snapshot; else it folded the streams
	// from their beginning.
	Resumed bool
	// Saved says that the state of the last attempt was kept.
	Saved bool
	// Err says why the last attempt did not use or save a snapshot although there was occasion: it
	// could not be read or written, or does not fit the store. It never fails the command.
	Err error
}

// snapshotting is what a [Machine] knows of the snapshot of its command.
type snapshotting[S any] struct {
	store SnapshotStore
	key   SnapshotKey
	codec StateCodec[S] // nil: JSON
	every int

	// base is the number of streams that the snapshot has; 0 where the attempt folds
	// everything.
	base int
	// confirmed says of the stream that is being read that the event was seen to which the
	// snapshot has folded it.
	confirmed bool
	// again: the attempt is to begin anew without a snapshot.
	again bool
	// folded counts the events of this attempt.
	folded int
	// taken is the snapshot to be saved once the command has ended.
	taken *Snapshot
	use   SnapshotUse
}

// snapshotting returns nil for a command whose state is not kept.
func (m *Machine[S, E]) snapshotting(command any) (*snapshotting[S], error) {
	snapshotter, ok := command.(Snapshotter)
	if !ok || m.settings.snapshots == nil {
		return nil, nil //nolint:nilnil // most commands have none
	}
	s := &snapshotting[S]{store: m.settings.snapshots, key: snapshotter.SnapshotKey(), every: m.settings.snapshotEvery}
	s.codec, _ = command.(StateCodec[S])
	if s.key.Name == "" {
		return nil, fmt.Errorf("eventcore: execute %T: its snapshot key has no name; return one from SnapshotKey", command)
	}
	return s, nil
}

// SnapshotLoaded takes what the store has kept.
func (m *Machine[S, E]) SnapshotLoaded(kept Snapshot, found bool, err error) {
	m.must(EffectLoadSnapshot, "SnapshotLoaded")
	if err == nil && found {
		err = m.resume(&kept)
	}
	if err != nil {
		m.snapshot.use.Err = err
	}
	if err != nil || !found {
		m.replay()
		return
	}
	m.openRead()
}

// resume takes up a snapshot, or returns why it does not fit the command.
func (m *Machine[S, E]) resume(kept *Snapshot) error {
	if err := m.fits(kept.Streams); err != nil {
		return fmt.Errorf("snapshot %q: %w", m.snapshot.key.Name, err)
	}
	state, err := m.snapshot.decode(kept.State)
	if err != nil {
		return fmt.Errorf("snapshot %q: %w", m.snapshot.key.Name, err)
	}
	m.state = state
	m.read, m.current = append(m.read[:0], kept.Streams...), 0
	clear(m.known)
	for _, at := range m.read {
		m.note(at.Stream)
	}
	m.snapshot.base, m.snapshot.use.Resumed = len(m.read), true
	return nil
}

// fits says why the streams of a snapshot cannot be those of the command: they are the
// declared ones first, then others, each once.
func (m *Machine[S, E]) fits(streams []StreamVersion) error {
	if len(streams) < len(m.declared) || len(streams) > MaxStreams {
		return fmt.Errorf("it has %d streams, the command declares %d", len(streams), len(m.declared))
	}
	seen := make(map[StreamID]struct{}, len(streams))
	for i, at := range streams {
		if i < len(m.declared) && at.Stream != m.declared[i] {
			return fmt.Errorf("its stream %d is %q, the command declares %q", i+1, at.Stream, m.declared[i])
		}
		if _, twice := seen[at.Stream]; twice || at.Stream.IsZero() {
			return fmt.Errorf("stream %q is there twice, or is empty", at.Stream)
		}
		seen[at.Stream] = struct{}{}
	}
	return nil
}

// mustReplay says whether the stream that was read does not fit the snapshot.
func (m *Machine[S, E]) mustReplay() bool {
	s := m.snapshot
	if s == nil || m.current >= s.base {
		return false
	}
	if !s.confirmed {
		at := m.read[m.current]
		s.use.Err = fmt.Errorf("snapshot %q: it has folded %d events of stream %q, which has fewer", s.key.Name, at.Version, at.Stream)
		return true
	}
	return s.again
}

// save puts the save of a snapshot before the end of the command.
func (m *Machine[S, E]) save() {
	if s := m.snapshot; s != nil && s.taken != nil {
		m.effect.Kind, m.effect.Key, m.effect.Snapshot = EffectSaveSnapshot, s.key, *s.taken
	}
}

// take keeps the state as it is before the command decides, which may change what the state
// points to, if enough was folded.
func (m *Machine[S, E]) take() {
	s := m.snapshot
	if s == nil || s.folded < s.every {
		return
	}
	state, err := s.encode(m.state)
	if err != nil {
		s.use.Err = errors.Join(s.use.Err, fmt.Errorf("snapshot %q: %w", s.key.Name, err))
		return
	}
	s.taken = &Snapshot{Streams: slices.Clone(m.read), State: state}
}

// SnapshotSaved takes the result of the save.
func (m *Machine[S, E]) SnapshotSaved(saved bool, err error) {
	m.must(EffectSaveSnapshot, "SnapshotSaved")
	use := &m.snapshot.use
	use.Saved = saved && err == nil
	use.Err = errors.Join(use.Err, err)
	executed, failure := m.effect.Executed, m.effect.Err
	executed.Snapshot = *use
	m.effect = Effect{Kind: EffectDone, Executed: executed, Err: failure}
}

// encode returns the state as JSON, or an error if that is not all of it.
func (s *snapshotting[S]) encode(state S) (json.RawMessage, error) {
	if s.codec != nil {
		data, err := s.codec.EncodeState(state)
		if err == nil && !json.Valid(data) {
			err = fmt.Errorf("EncodeState returned what is not JSON: %.40q", data)
		}
		return data, err
	}
	data, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	again, err := s.decode(data)
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(state, again) {
		return nil, fmt.Errorf("a %T is not the same once it was written as JSON and read again; implement eventcore.StateCodec", state)
	}
	return data, nil
}

func (s *snapshotting[S]) decode(data json.RawMessage) (state S, err error) {
	if s.codec != nil {
		return s.codec.DecodeState(data)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&state)
	return state, err
}
