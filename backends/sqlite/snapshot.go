package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const (
	loadSnapshot = "SELECT streams, state FROM eventcore_snapshots WHERE name = ? AND schema = ?"
	// Without the state, which may be large.
	loadVector   = "SELECT streams FROM eventcore_snapshots WHERE name = ? AND schema = ?"
	saveSnapshot = `INSERT INTO eventcore_snapshots (name, schema, streams, state) VALUES (?, ?, ?, ?)
ON CONFLICT (name, schema) DO UPDATE SET streams = excluded.streams, state = excluded.state`
)

// errNoName refuses a key without a name.
var errNoName = errors.New("the snapshot key has no name; give it that of the command")

// errNotNewer ends a transaction that is not to change anything.
var errNotNewer = errors.New("the snapshot does not cover the one that is there")

// LoadSnapshot implements [eventcore.SnapshotStore].
func (s *Store) LoadSnapshot(ctx context.Context, key eventcore.SnapshotKey) (eventcore.Snapshot, bool, error) {
	if err := refusesKey(ctx, key); err != nil {
		return eventcore.Snapshot{}, false, &eventcore.StoreFailure{Operation: eventcore.OpLoadSnapshot, Err: err}
	}
	var kept eventcore.Snapshot
	found := false
	err := s.look(ctx, eventcore.OpLoadSnapshot, func(on *session) error {
		return on.query(ctx, loadSnapshot, keyArgs(key), func(row []sqldriver.Value) (_ bool, err error) {
			state, _ := row[1].([]byte) // none, where it is empty
			kept.Streams, err = decodeStreams(row[0])
			// The bytes are the driver's.
			kept.State, found = slices.Clone(state), true
			return false, err
		})
	})
	if err != nil {
		return eventcore.Snapshot{}, false, err
	}
	return kept, found, nil
}

// SaveSnapshot implements [eventcore.SnapshotStore]. The old snapshot is compared and
// replaced under the write lock.
func (s *Store) SaveSnapshot(ctx context.Context, key eventcore.SnapshotKey, snapshot eventcore.Snapshot) (bool, error) {
	failed := func(err error) error {
		return &eventcore.StoreFailure{Operation: eventcore.OpSaveSnapshot, Outcome: eventcore.OutcomeNotApplied, Err: err}
	}
	if err := refusesKey(ctx, key); err != nil {
		return false, failed(err)
	}
	streams, err := encodeStreams(snapshot.Streams)
	if err != nil {
		return false, failed(err)
	}
	err = s.change(ctx, eventcore.OpSaveSnapshot, func(on *session) error {
		var old eventcore.Snapshot
		err := on.query(ctx, loadVector, keyArgs(key), func(row []sqldriver.Value) (_ bool, err error) {
			old.Streams, err = decodeStreams(row[0])
			return false, err
		})
		if err != nil {
			return err
		}
		if !snapshot.Covers(&old) {
			return errNotNewer
		}
		return on.exec(ctx, saveSnapshot, append(keyArgs(key), streams, notNull(snapshot.State))...)
	})
	if errors.Is(err, errNotNewer) {
		return false, nil
	}
	return err == nil, err
}

// refusesKey says why nothing can be done for the key.
func refusesKey(ctx context.Context, key eventcore.SnapshotKey) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if key.Name == "" {
		return errNoName
	}
	return nil
}

func keyArgs(key eventcore.SnapshotKey) []sqldriver.Value {
	return []sqldriver.Value{key.Name, int64(key.Schema)}
}

// notNull returns a state as an argument: nil would be NULL.
func notNull(state []byte) []byte {
	if state == nil {
		return []byte{}
	}
	return state
}

// streamAt is a stream of a vector as it is stored.
type streamAt struct {
	Stream  eventcore.StreamID `json:"stream"`
	Version eventcore.Version  `json:"version"`
}

func encodeStreams(streams []eventcore.StreamVersion) (string, error) {
	list := make([]streamAt, len(streams))
	for i, s := range streams {
		list[i] = streamAt(s)
	}
	text, err := json.Marshal(list)
	return string(text), err
}

func decodeStreams(column sqldriver.Value) ([]eventcore.StreamVersion, error) {
	var list []streamAt
	if err := json.Unmarshal([]byte(text(column)), &list); err != nil {
		return nil, fmt.Errorf("the versions of a snapshot: %w", err)
	}
	streams := make([]eventcore.StreamVersion, len(list))
	for i, s := range list {
		streams[i] = eventcore.StreamVersion(s)
	}
	return streams, nil
}
